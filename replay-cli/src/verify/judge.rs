//! One read model: where it stands, a rebuild up to there, and the comparison; or one generation beside another.

use std::sync::Arc;

use chimera_model::ReadModel;
use chimera_stores::View;
use chimera_stores::checksum::{Comparing, Content, Other, compare};
use chimera_worker::{Feeder, Positions as Standing, Target};

use super::ground::Ground;
use super::parts::{Held, Part, contents, parts, within};
use super::report::{ModelReport, TableReport};
use super::settling::{Settling, Side};
use crate::data::{Applied, Positions};
use crate::dry::Before;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::rebuild::rebuild;

/// How often a rebuild is fed on to where the read model stands by then, so that little is left to be settled.
const APPROACHES: u32 = 5;
/// Nearer than so many events it is not brought.
const NEAR: u64 = 1_000;

/// Compares read models, any number at once.
#[derive(Clone)]
pub(super) struct Judge {
    pub(super) ground: Arc<Ground>,
    /// Feeds the scratch stores.
    pub(super) feeder: Feeder,
    pub(super) named: usize,
    pub(super) progress: Progress,
}

/// What is examined, and beside what.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) model: &'static ReadModel,
    /// None where it has no live one and none was asked for.
    pub(crate) generation: Option<u32>,
    /// Another generation instead of what the log gives.
    pub(crate) against: Option<u32>,
}

impl Judge {
    pub(super) async fn model(&self, asked: Asked) -> ModelReport {
        let mut report = ModelReport::new(asked.model.name, asked.generation, asked.against);
        if let Err(failure) = self.examine(asked, &mut report).await {
            report.problems.push(failure.to_string());
        }
        report.judge();
        report
    }

    async fn examine(&self, asked: Asked, report: &mut ModelReport) -> Result<(), Failure> {
        let model = asked.model;
        let Some(generation) = asked.generation else {
            return Err(not_there(
                model,
                "no store holds a live generation: it has never been built, or is lost",
            ));
        };
        let view = View::new(model.name, generation);
        let (applied, ends) = self.standing(model, view).await?;
        note_positions(&applied, &ends, report);
        report.parked_events = self.ground.leave_out(model, view, 1).await?;
        if let Some(other) = asked.against {
            let other = View::new(model.name, other);
            report.tables = self.beside(model, (view, other), &applied, &ends).await?;
        } else {
            for part in parts(model, &applied) {
                report.tables.extend(self.part(model, view, part, &ends).await?);
            }
        }
        self.note_changes(model, view, &applied, report).await
    }

    /// How far a view is, which must be in every store that the model needs, and where the log ends.
    async fn standing(
        &self,
        model: &'static ReadModel,
        view: View,
    ) -> Result<(Applied, Positions), Failure> {
        let (applied, ends) = self.ground.positions(model, view).await?;
        if let Some(store) = applied.missing(model) {
            return Err(not_there(model, &format!("{view} is not in the store of {store}")));
        }
        Ok((applied, ends))
    }

    /// Some stores of a view beside what the log gives.
    async fn part(
        &self,
        model: &'static ReadModel,
        view: View,
        part: Part,
        ends: &Positions,
    ) -> Result<Vec<TableReport>, Failure> {
        let (held, scratch) = (part.held, part.scratch);
        self.ground.leave_out(model, view, scratch).await?;
        let target = self.feeder.target(model, scratch);
        let first = within(&part.upto, ends);
        rebuild(&self.feeder, &target, &first, &self.progress).await?;
        let upto = self.approach(&target, (view, held), first).await?;
        let side = Side { view, scratch, before: Before::Beneath, applied: upto };
        let settling = Settling { ground: &self.ground, model, sides: vec![side] };
        let examined = contents(&self.ground.examined, model, view, held);
        let rebuilt = contents(&self.ground.scratch, model, target.view(), held);
        let mut tables = Vec::new();
        for (examined, rebuilt) in examined.into_iter().zip(rebuilt) {
            tables.push(self.content((examined, rebuilt), Other::Log, &settling).await?);
        }
        self.ground.scratch.rows.remove(target.view()).await?;
        self.ground.scratch.kv.remove(target.view()).await?;
        self.ground.scratch.search.remove(target.view()).await?;
        Ok(tables)
    }

    /// Feeds a rebuild on while the view moves away from it; says up to where.
    async fn approach(
        &self,
        target: &Target,
        (view, held): (View, Held),
        mut upto: Positions,
    ) -> Result<Positions, Failure> {
        for _ in 0..APPROACHES {
            let (applied, ends) = self.ground.positions(target.model(), view).await?;
            let next = within(&held.least(&applied, &upto), &ends);
            let events: u64 =
                next.iter().map(|(partition, last)| last.saturating_sub(upto[partition])).sum();
            if events < NEAR || next.iter().any(|(partition, last)| *last < upto[partition]) {
                break;
            }
            let legs = self.feeder.legs(target, |partition| next.get(partition).copied()).await;
            let legs = legs.map_err(Failure::failed)?;
            let fed = self.feeder.feed(target, &legs, &Standing::default()).await;
            fed.map_err(Failure::failed)?;
            upto = next;
        }
        Ok(upto)
    }

    /// A view beside another one; what differs is judged by the log, from its first event on.
    async fn beside(
        &self,
        model: &'static ReadModel,
        (view, other): (View, View),
        applied: &Applied,
        ends: &Positions,
    ) -> Result<Vec<TableReport>, Failure> {
        let (of_other, other_ends) = self.standing(model, other).await?;
        let held = Held::all(model);
        let mut sides = Vec::new();
        for (scratch, view, applied) in [(1, view, applied), (2, other, &of_other)] {
            let applied = within(&held.least(applied, ends), &other_ends);
            sides.push(Side { view, scratch, before: Before::Nothing, applied });
        }
        let settling = Settling { ground: &self.ground, model, sides };
        let examined = contents(&self.ground.examined, model, view, held);
        let others = contents(&self.ground.examined, model, other, held);
        let mut tables = Vec::new();
        for (examined, other) in examined.into_iter().zip(others) {
            tables.push(self.content((examined, other), Other::Generation, &settling).await?);
        }
        Ok(tables)
    }

    async fn content(
        &self,
        (examined, other): (Content<'_>, Content<'_>),
        what: Other,
        settling: &Settling<'_>,
    ) -> Result<TableReport, Failure> {
        let step = self.progress.step(examined.name(), 0, "rows read");
        let progress = |rows| step.add(rows);
        let how =
            Comparing { named: self.named, other: what, settle: settling, progress: &progress };
        let compared = compare(examined, other, &how).await;
        step.end();
        Ok(TableReport::from(compared?))
    }

    /// What would make a comparison say something else than how it was.
    async fn note_changes(
        &self,
        model: &'static ReadModel,
        view: View,
        before: &Applied,
        report: &mut ModelReport,
    ) -> Result<(), Failure> {
        let now = Applied::of(&self.ground.examined, model, view).await?;
        if before.each().zip(now.each()).any(|(before, now)| went_back(before, now)) {
            report.problems.push(
                "one of its stores went back meanwhile and is being fed again; verify again"
                    .to_owned(),
            );
        }
        let parked = self.ground.leave_out(model, view, 1).await?;
        if parked != report.parked_events && report.differs() {
            report.problems.push(
                "its dead letters were tried again or became more meanwhile; verify again"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

fn went_back(before: &Positions, now: &Positions) -> bool {
    before.iter().any(|(partition, sequence)| now.get(partition) < Some(sequence))
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
