//! `replay run`: a new generation beside the live one, then the swap, then the old one goes.
//!
//! Readers see the live generation until the swap. An interrupted run leaves a generation that was never live; the next run
//! removes it and starts anew, for it may have been built by another version of this program.

use std::time::Instant;

use chimera_config::Config;
use chimera_model::ReadModel;
use chimera_stores::View;
use chimera_worker::Feeder;
use serde::Serialize;

use crate::cli::Chosen;
use crate::data::Data;
use crate::failure::Failure;
use crate::models;
use crate::progress::Progress;
use crate::rates;
use crate::rebuild::{one_per_core, rebuild};

/// What was rebuilt.
#[derive(Debug, Serialize)]
pub struct RunReport {
    /// `done`, or `failed` if a read model could not be rebuilt.
    pub verdict: &'static str,
    /// One entry for each read model asked for.
    pub models: Vec<Rebuilt>,
}

/// What became of one read model.
#[derive(Debug, Serialize)]
pub struct Rebuilt {
    /// Its name.
    pub name: &'static str,
    /// The generation that is live now.
    pub generation: Option<u32>,
    /// How many events were read or passed over.
    pub events: u64,
    /// How long it took.
    pub seconds: f64,
    /// How many aggregates wait among the dead letters, for an event of theirs cannot be applied.
    pub parked_aggregates: u64,
    /// How many events of theirs.
    pub parked_events: u64,
    /// Generations that an interrupted run had left, now removed.
    pub cleaned: Vec<u32>,
    /// Why it was not rebuilt; then what was live still is.
    pub problem: Option<String>,
}

pub(crate) async fn run(config: &Config, chosen: &Chosen) -> Result<RunReport, Failure> {
    let wanted = models::chosen(&chosen.models)?;
    let data = std::sync::Arc::new(Data::open(config).await?);
    let feeder = data.feeder(data.all())?;
    let (progress, cores) = (Progress::new(), one_per_core());
    let mut tasks = Vec::new();
    for model in wanted {
        let (data, feeder, progress) = (data.clone(), feeder.clone(), progress.clone());
        let cores = cores.clone();
        tasks.push(tokio::spawn(async move {
            let _core = cores.acquire_owned().await;
            one(&data, &feeder, model, &progress).await
        }));
    }
    let mut models = Vec::new();
    for task in tasks {
        models.push(task.await.map_err(Failure::failed)?);
    }
    let built = models.iter().filter(|model| model.problem.is_none());
    rates::keep(config, built.map(|model| (model.name, model.events, model.seconds)));
    data.stores.clone().close()?;
    let failed = models.iter().any(|model| model.problem.is_some());
    Ok(RunReport { verdict: if failed { "failed" } else { "done" }, models })
}

async fn one(
    data: &Data,
    feeder: &Feeder,
    model: &'static ReadModel,
    progress: &Progress,
) -> Rebuilt {
    let started = Instant::now();
    let mut rebuilt = Rebuilt {
        name: model.name,
        generation: None,
        events: 0,
        seconds: 0.0,
        parked_aggregates: 0,
        parked_events: 0,
        cleaned: Vec::new(),
        problem: None,
    };
    if let Err(failure) = swap(data, feeder, model, progress, &mut rebuilt).await {
        rebuilt.problem = Some(failure.to_string());
    }
    rebuilt.seconds = started.elapsed().as_secs_f64();
    rebuilt
}

async fn swap(
    data: &Data,
    feeder: &Feeder,
    model: &'static ReadModel,
    progress: &Progress,
    rebuilt: &mut Rebuilt,
) -> Result<(), Failure> {
    let live = data.live(model).await?;
    rebuilt.generation = live;
    for generation in data.generations(model).await? {
        if Some(generation) != live {
            remove(data, feeder, model, generation).await?;
            rebuilt.cleaned.push(generation);
        }
    }
    let next = live.unwrap_or(0) + 1;
    let ends = data.log.ends(&model.streams())?;
    // What an interrupted run has left is of no generation that there is.
    let target = feeder.target(model, next);
    feeder.dead_letters().forget(model, target.view()).await.map_err(Failure::failed)?;
    rebuilt.events = rebuild(feeder, &target, &ends, progress).await?;
    let parked = feeder.dead_letters().totals(model, target.view()).await;
    (rebuilt.parked_aggregates, rebuilt.parked_events) = parked.map_err(Failure::failed)?;
    // The new generation is on disk before anyone is sent to it.
    data.stores.flush()?;
    data.stores.live().set_live(model.name, next).await?;
    rebuilt.generation = Some(next);
    if let Some(old) = live {
        remove(data, feeder, model, old).await?;
    }
    Ok(())
}

async fn remove(
    data: &Data,
    feeder: &Feeder,
    model: &ReadModel,
    generation: u32,
) -> Result<(), Failure> {
    let view = View::new(model.name, generation);
    feeder.dead_letters().forget(model, view).await.map_err(Failure::failed)?;
    data.stores.rows().remove(view).await?;
    data.stores.kv().remove(view).await?;
    Ok(data.stores.search().remove(view).await?)
}
