//! One read model: where the live one stands, a rebuild up to there, and the comparison.

use std::sync::Arc;

use chimera_model::ReadModel;
use chimera_stores::View;
use chimera_stores::checksum::{Content, compare};
use chimera_worker::{Feeder, Stores};

use super::report::{ModelReport, TableReport};
use crate::data::{Applied, Data, Positions};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::rebuild::rebuild;

/// Compares read models, any number at once.
#[derive(Clone)]
pub(super) struct Judge {
    pub(super) data: Arc<Data>,
    /// Feeds the scratch stores.
    pub(super) feeder: Feeder,
    pub(super) rebuilt: Stores,
    pub(super) named: usize,
    pub(super) progress: Progress,
}

/// What can be compared with one rebuild: the stores of a model that stand at the same positions.
struct Part {
    /// Which generation of the scratch stores it is rebuilt into.
    scratch: u32,
    held: Held,
    upto: Positions,
}

/// Which of the stores.
#[derive(Clone, Copy, Default)]
struct Held {
    rows: bool,
    kv: bool,
    search: bool,
}

impl Held {
    fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows || other.rows,
            kv: self.kv || other.kv,
            search: self.search || other.search,
        }
    }
}

impl Judge {
    pub(super) async fn model(&self, model: &'static ReadModel) -> ModelReport {
        let mut report = ModelReport::new(model.name);
        if let Err(failure) = self.examine(model, &mut report).await {
            report.problems.push(failure.to_string());
        }
        report.judge();
        report
    }

    async fn examine(
        &self,
        model: &'static ReadModel,
        report: &mut ModelReport,
    ) -> Result<(), Failure> {
        report.generation = self.data.live(model).await?;
        let Some(generation) = report.generation else {
            return Err(not_there(model, "it has never been built"));
        };
        let live = View::new(model.name, generation);
        let applied = self.data.applied(model, live).await?;
        if let Some(store) = applied.missing(model) {
            return Err(not_there(model, &format!("{live} is not in the store of {store}")));
        }
        let ends = self.data.log.ends(&model.streams())?;
        note_positions(&applied, &ends, report);
        for mut part in parts(model, applied) {
            part.upto = within(part.upto, &ends);
            report.parked_events = self.leave_out(model, live, part.scratch).await?;
            report.tables.extend(self.compare(model, live, &part).await?);
        }
        Ok(())
    }

    /// What waits among the dead letters of the live one, or was dropped from them, is left out on both sides.
    async fn leave_out(
        &self,
        model: &'static ReadModel,
        live: View,
        scratch: u32,
    ) -> Result<u64, Failure> {
        let letters = self.data.feeder(self.data.all())?.dead_letters();
        let aside = View::new(model.name, scratch);
        let copied = letters.copy((model, live), &self.feeder.dead_letters(), aside).await;
        copied.map_err(Failure::failed)
    }

    async fn compare(
        &self,
        model: &'static ReadModel,
        live: View,
        part: &Part,
    ) -> Result<Vec<TableReport>, Failure> {
        let target = self.feeder.target(model, part.scratch);
        rebuild(&self.feeder, &target, &part.upto, &self.progress).await?;
        let live_stores = self.data.all();
        let live = contents(&live_stores, model, live, part.held);
        let rebuilt = contents(&self.rebuilt, model, target.view(), part.held);
        let mut tables = Vec::new();
        for (live, rebuilt) in live.into_iter().zip(rebuilt) {
            tables.push(self.content(live, rebuilt).await?);
        }
        self.rebuilt.rows.remove(target.view()).await?;
        self.rebuilt.kv.remove(target.view()).await?;
        self.rebuilt.search.remove(target.view()).await?;
        Ok(tables)
    }

    async fn content(
        &self,
        live: Content<'_>,
        rebuilt: Content<'_>,
    ) -> Result<TableReport, Failure> {
        let step = self.progress.step(live.name(), 0, "rows read");
        let compared = compare(live, rebuilt, self.named, &|rows| step.add(rows)).await;
        step.end();
        Ok(TableReport::from(compared?))
    }
}

/// What a view holds in these stores, in the order of its model.
fn contents<'a>(stores: &'a Stores, model: &ReadModel, view: View, held: Held) -> Vec<Content<'a>> {
    let mut contents = Vec::new();
    if held.rows {
        let of = |table: &&'static _| Content::Rows { store: &*stores.rows, view, table };
        contents.extend(model.tables.iter().map(of));
    }
    if held.kv {
        let of = |space: &&'static _| Content::Kv { store: &*stores.kv, view, space };
        contents.extend(model.spaces.iter().map(of));
    }
    if held.search {
        let of = |spec: &&'static _| Content::Search { store: &*stores.search, view, spec };
        contents.extend(model.indices.iter().map(of));
    }
    contents
}

fn not_there(model: &ReadModel, why: &str) -> Failure {
    Failure::Failed(format!("{why}; build it with `replay run {}`", model.name))
}

/// A lag is no difference; being ahead of the log is.
fn note_positions(applied: &Applied, ends: &Positions, report: &mut ModelReport) {
    for (partition, end) in ends {
        report.lag += end.saturating_sub(applied.least(partition));
    }
    for positions in applied.each() {
        for (partition, sequence) in positions {
            let end = ends.get(partition).copied().unwrap_or(0);
            if *sequence > end {
                report.problems.push(format!(
                    "it has applied {partition} up to sequence {sequence}, and the log ends at {end}"
                ));
            }
        }
    }
}

/// After a crash the stores of a model may stand at different positions; those that stand alike share a rebuild.
fn parts(model: &ReadModel, applied: Applied) -> Vec<Part> {
    let Applied { rows, kv, search } = applied;
    let rows = rows.filter(|_| !model.tables.is_empty());
    let kv = kv.filter(|_| !model.spaces.is_empty());
    let search = search.filter(|_| !model.indices.is_empty());
    let each = [
        (Held { rows: true, ..Held::default() }, rows),
        (Held { kv: true, ..Held::default() }, kv),
        (Held { search: true, ..Held::default() }, search),
    ];
    let mut parts: Vec<Part> = Vec::new();
    for (scratch, (held, upto)) in (1..).zip(each) {
        let Some(upto) = upto else { continue };
        match parts.iter_mut().find(|part| part.upto == upto) {
            Some(part) => part.held = part.held.and(held),
            None => parts.push(Part { scratch, held, upto }),
        }
    }
    parts
}

/// What lies beyond the end of the log can't be read from it.
fn within(mut upto: Positions, ends: &Positions) -> Positions {
    for (partition, sequence) in &mut upto {
        *sequence = (*sequence).min(ends.get(partition).copied().unwrap_or(0));
    }
    upto
}
