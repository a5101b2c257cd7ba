//! `replay drop`: generations that nobody reads are removed, with their dead letters and what is known of them.

use chimera_config::Config;
use chimera_model::ReadModel;
use chimera_stores::View;
use serde::Serialize;

use crate::cli::DropOptions;
use crate::data::Data;
use crate::failure::Failure;
use crate::models;
use crate::operator::confirm;

/// What was removed.
#[derive(Debug, Serialize)]
pub struct DropReport {
    /// `done`, or `planned` with `--dry-run`.
    pub verdict: &'static str,
    /// The read model.
    pub model: &'static str,
    /// Which generations.
    pub dropped: Vec<u32>,
    /// The generation that readers see.
    pub live: u32,
}

pub(crate) async fn drop(config: &Config, options: &DropOptions) -> Result<DropReport, Failure> {
    let model = models::one(&options.model)?;
    let data = Data::open(config).await?;
    let live = data.stores.live().live_generation(model.name)?;
    let dropped = chosen(&data, model, options, live).await?;
    let mut report = DropReport { verdict: "planned", model: model.name, dropped, live };
    if options.dry_run || report.dropped.is_empty() {
        return Ok(report);
    }
    let numbers: Vec<String> = report.dropped.iter().map(u32::to_string).collect();
    confirm(options.yes, &format!("remove generation {} of {}?", numbers.join(", "), model.name))?;
    for generation in &report.dropped {
        remove(&data, model, *generation).await?;
    }
    data.stores.flush()?;
    report.verdict = "done";
    Ok(report)
}

async fn chosen(
    data: &Data,
    model: &'static ReadModel,
    options: &DropOptions,
    live: u32,
) -> Result<Vec<u32>, Failure> {
    let there = data.generations(model).await?;
    if options.unused {
        let previous = data.stores.live().live(model.name)?.and_then(|live| live.previous);
        let is_used = |generation: &u32| *generation == live || Some(*generation) == previous;
        return Ok(there.into_iter().filter(|generation| !is_used(generation)).collect());
    }
    for generation in &options.generations {
        let name = model.name;
        if *generation == live {
            return Err(Failure::Usage(format!(
                "generation {live} of {name} is live; readers see it, so it cannot be dropped"
            )));
        }
        if !there.contains(generation) {
            return Err(Failure::Usage(format!("there is no generation {generation} of {name}")));
        }
    }
    Ok(options.generations.clone())
}

async fn remove(data: &Data, model: &'static ReadModel, generation: u32) -> Result<(), Failure> {
    let view = View::new(model.name, generation);
    let letters = data.feeder(data.all())?.dead_letters();
    letters.forget(model, view).await.map_err(Failure::failed)?;
    data.stores.rows().remove(view).await?;
    data.stores.kv().remove(view).await?;
    data.stores.search().remove(view).await?;
    let forgotten = data.stores.live().note(model.name, generation, None).await;
    forgotten.map_err(Failure::failed)
}
