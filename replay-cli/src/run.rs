//! `replay run`: a new generation beside the live one, from the log, until it is level; nobody is sent to it.
//!
//! Readers see the live generation all the time. Where none is live, for its store is new or lost, it is built in its place.
//! A run that was interrupted is gone on with by the next one, unless another release has begun it.

mod bound;
mod finish;
mod generation;
mod part;

use std::sync::Arc;
use std::time::Instant;

use chimera_config::Config;
use chimera_log::Partition;
use chimera_model::ReadModel;
use chimera_stores::search::Purpose;
use chimera_worker::{Feeder, Leg, Pace, Target};
use serde::Serialize;
use tokio::sync::Semaphore;

pub(crate) use bound::Bound;

use crate::cli::RunOptions;
use crate::data::{Data, Positions};
use crate::failure::Failure;
use crate::models;
use crate::progress::Progress;
use crate::rates;
use crate::rebuild::{feed, length, one_per_core};
use generation::Chosen;
use part::Part;

/// What was rebuilt.
#[derive(Debug, Serialize)]
pub struct RunReport {
    /// `done`, `planned` with `--dry-run`, or `failed` if a read model could not be rebuilt.
    pub verdict: &'static str,
    /// One entry for each read model asked for.
    pub models: Vec<Rebuilt>,
}

/// What became of one read model.
#[derive(Debug, Default, Serialize)]
pub struct Rebuilt {
    /// Its name.
    pub name: &'static str,
    /// The generation that was built.
    pub generation: Option<u32>,
    /// Whether readers see it: it was built where none was live, or promoted.
    pub is_live: bool,
    /// Whether what an earlier run has left was gone on with.
    pub is_resumed: bool,
    /// Which part of the log it holds; none if all of it.
    pub partial: Option<String>,
    /// How many events were read or passed over.
    pub events: u64,
    /// How long it took.
    pub seconds: f64,
    /// How many aggregates wait among the dead letters, for an event of theirs cannot be applied.
    pub parked_aggregates: u64,
    /// How many events of theirs.
    pub parked_events: u64,
    /// Why it was not rebuilt; what was live still is.
    pub problem: Option<String>,
}

pub(crate) async fn run(config: &Config, options: &RunOptions) -> Result<RunReport, Failure> {
    let wanted = models::chosen(&options.chosen.models)?;
    let data = Arc::new(Data::open(config).await?);
    let part = Part::of(&data.log, options).await?;
    let mut feeder = data.feeder(data.all())?;
    if let Some(selection) = &part.selection {
        feeder = feeder.only(selection.clone());
    }
    if let Some(rate) = options.rate {
        feeder = feeder.paced(Pace::new(rate));
    }
    let dry_run = options.dry_run;
    let run = Run {
        data: data.clone(),
        feeder,
        part: Arc::new(part),
        progress: Progress::new(),
        is_plan: dry_run,
        fresh: options.fresh,
    };
    let at_once = options.parallel.map(|number| Arc::new(Semaphore::new(number.into())));
    let mut models = run.all(&wanted, &at_once.unwrap_or_else(one_per_core)).await?;
    if !dry_run && options.rate.is_none() && options.only.is_none() {
        // The rest of an interrupted run says little of a whole one.
        let is_whole = |model: &&Rebuilt| model.problem.is_none() && !model.is_resumed;
        let built = models.iter().filter(is_whole);
        rates::keep(config, built.map(|model| (model.name, model.events, model.seconds)));
    }
    if options.then.promote && !dry_run {
        finish::promote(&data, &mut models, options.then.yes).await?;
    }
    data.stores.clone().close()?;
    let failed = models.iter().any(|model| model.problem.is_some());
    let verdict = match (failed, dry_run) {
        (true, _) => "failed",
        (false, true) => "planned",
        (false, false) => "done",
    };
    Ok(RunReport { verdict, models })
}

/// Rebuilds read models, any number at once.
#[derive(Clone)]
struct Run {
    data: Arc<Data>,
    feeder: Feeder,
    part: Arc<Part>,
    progress: Progress,
    is_plan: bool,
    fresh: bool,
}

impl Run {
    async fn all(
        &self,
        wanted: &[&'static ReadModel],
        at_once: &Arc<Semaphore>,
    ) -> Result<Vec<Rebuilt>, Failure> {
        let mut tasks = Vec::new();
        for model in wanted.iter().copied() {
            let (run, at_once) = (self.clone(), at_once.clone());
            tasks.push(tokio::spawn(async move {
                let _turn = at_once.acquire_owned().await;
                run.one(model).await
            }));
        }
        let mut models = Vec::new();
        for task in tasks {
            models.push(task.await.map_err(Failure::failed)?);
        }
        Ok(models)
    }

    async fn one(&self, model: &'static ReadModel) -> Rebuilt {
        let started = Instant::now();
        let partial = self.part.text.clone();
        let mut rebuilt = Rebuilt { name: model.name, partial, ..Rebuilt::default() };
        if let Err(failure) = self.build(model, &mut rebuilt).await {
            rebuilt.problem = Some(failure.to_string());
        }
        rebuilt.seconds = started.elapsed().as_secs_f64();
        rebuilt
    }

    async fn build(&self, model: &'static ReadModel, rebuilt: &mut Rebuilt) -> Result<(), Failure> {
        let chosen =
            generation::choose(&self.data, model, self.part.text.as_deref(), self.fresh).await?;
        let Chosen { generation, is_live, is_resumed, .. } = chosen;
        (rebuilt.generation, rebuilt.is_live) = (Some(generation), is_live);
        rebuilt.is_resumed = is_resumed;
        let target = self.feeder.target(model, generation);
        if self.is_plan {
            let legs = self.legs(&target, is_resumed).await?;
            rebuilt.events = legs.iter().map(length).sum();
            return Ok(());
        }
        generation::begin(&self.data, model, &chosen).await?;
        if !is_resumed {
            // What an earlier generation of this number has left is of none that there is.
            self.feeder
                .dead_letters()
                .forget(model, target.view())
                .await
                .map_err(Failure::failed)?;
        }
        target.create().await?;
        target.tune(Purpose::Filling).await?;
        rebuilt.events = self.feed_until_level(&target).await?;
        target.tune(Purpose::Serving).await?;
        let parked = self.feeder.dead_letters().totals(model, target.view()).await;
        (rebuilt.parked_aggregates, rebuilt.parked_events) = parked.map_err(Failure::failed)?;
        // It is on disk before anybody hears that it is complete.
        self.data.stores.flush()?;
        generation::end(&self.data, model, chosen).await
    }

    /// Feeds to the end of the log as often as the log has grown on by more than passes while one looks.
    async fn feed_until_level(&self, target: &Target) -> Result<u64, Failure> {
        let mut events = 0;
        loop {
            let legs = self.legs(target, true).await?;
            let fed = feed(&self.feeder, target, &legs, &self.progress).await?;
            events += fed;
            if self.part.last.is_some() || fed <= AS_GOOD_AS_LEVEL {
                return Ok(events);
            }
        }
    }

    /// From where the target stands, or where the part begins, to where the part or the log ends.
    async fn legs(&self, target: &Target, is_there: bool) -> Result<Vec<Leg>, Failure> {
        let ends = match &self.part.last {
            Some(last) => last.clone(),
            None => self.data.log.ends(&target.model().streams())?,
        };
        let upto = |partition: &Partition| Some(ends.get(partition).copied().unwrap_or(0));
        let mut legs = if is_there {
            self.feeder.legs(target, upto).await.map_err(Failure::failed)?
        } else {
            from_the_first(&ends, target.model())
        };
        for leg in &mut legs {
            leg.from = leg.from.max(self.part.first.get(&leg.partition).copied().unwrap_or(1));
        }
        legs.retain(|leg| leg.upto.is_none_or(|upto| leg.from <= upto));
        Ok(legs)
    }
}

/// What the log grows by in moments; the worker that takes over is as far behind.
const AS_GOOD_AS_LEVEL: u64 = 2_000;

fn from_the_first(ends: &Positions, model: &ReadModel) -> Vec<Leg> {
    let streams = model.streams();
    let read = ends.iter().filter(|(partition, _)| streams.contains(&&*partition.stream));
    read.map(|(partition, end)| Leg { partition: partition.clone(), from: 1, upto: Some(*end) })
        .collect()
}
