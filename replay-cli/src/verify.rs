//! `replay verify`: every read model rebuilt aside, up to where the live one stands, and compared with it by content.
//!
//! Changes nothing that is live, and may be run while events flow in. Reads the whole log as well and says whether it is sound. Of a
//! generation that a run has built the control log keeps what came of it, which `replay promote` asks for.

mod ground;
mod judge;
mod parts;
mod proof;
mod report;
mod settling;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use chimera_config::Config;
use chimera_model::ReadModel;
use chimera_stores::View;
use chimera_stores::checksum::Content;
use chimera_worker::Stores;

pub(crate) use report::{Differing, ModelReport, TableReport, VerifyReport};

use crate::cli::VerifyOptions;
use crate::data::{Data, LIMITS};
use crate::failure::Failure;
use crate::open_log::OpenLog;
use crate::progress::Progress;
use crate::rebuild::one_per_core;
use crate::scratch::Scratch;
use crate::{log_check, models};
use ground::Ground;
pub(crate) use judge::Asked;
use judge::Judge;

pub(crate) async fn verify(
    config: &Config,
    options: &VerifyOptions,
) -> Result<VerifyReport, Failure> {
    let wanted = models::chosen(&options.models)?;
    if wanted.len() != 1 && (options.generation.is_some() || options.against.is_some()) {
        return Err(Failure::Usage(
            "--generation and --against are of one read model: name it".to_owned(),
        ));
    }
    if options.log {
        return log_alone(config).await;
    }
    let data = Data::open(config).await?;
    let mut asked = Vec::new();
    for model in wanted {
        asked.push(which(&data, model, options).await?);
    }
    proved(&data, asked, options.scratch.as_deref(), options.named).await
}

async fn log_alone(config: &Config) -> Result<VerifyReport, Failure> {
    let log = OpenLog::open(config).await?;
    let ends = log.all_ends()?;
    log_check::is_readable(&log, &ends).await?;
    let found = log_check::check(&log, ends, &Progress::new(), &one_per_core()).await?;
    Ok(VerifyReport::new(found, Vec::new()))
}

/// Examines generations, keeps what came of it with them, and says it. Rebuilds in the data directory unless told where.
pub(crate) async fn proved(
    data: &Data,
    asked: Vec<Asked>,
    scratch: Option<&Path>,
    named: usize,
) -> Result<VerifyReport, Failure> {
    let ends = data.log.all_ends()?;
    log_check::is_readable(&data.log, &ends).await?;
    let scratch = Scratch::open(scratch.unwrap_or(&data.log.dir), "verify-scratch")?;
    let (progress, cores) = (Progress::new(), one_per_core());
    let ground = Ground::new(data.log.clone(), data.all(), scratch.all());
    let judge = Judge {
        feeder: ground.feeder_of(scratch.all(), LIMITS)?,
        ground: Arc::new(ground),
        named,
        progress: progress.clone(),
    };
    let mut tasks = Vec::new();
    for one in asked {
        let (judge, cores) = (judge.clone(), cores.clone());
        tasks.push(tokio::spawn(async move {
            let _core = cores.acquire_owned().await;
            judge.model(one).await
        }));
    }
    let log = log_check::check(&data.log, ends, &progress, &cores).await?;
    let mut models = Vec::new();
    for task in tasks {
        models.push(task.await.map_err(Failure::failed)?);
    }
    let report = VerifyReport::new(log, models);
    proof::keep(data, &report).await?;
    Ok(report)
}

/// The live generation unless another one was asked for, which must be there.
async fn which(
    data: &Data,
    model: &'static ReadModel,
    options: &VerifyOptions,
) -> Result<Asked, Failure> {
    let live = data.live(model).await?;
    let (generation, against) = (options.generation.or(live), options.against);
    if against.is_some() && against == generation {
        let text = "--against must name another generation than the one that is examined";
        return Err(Failure::Usage(text.to_owned()));
    }
    let there = data.generations(model).await?;
    for asked in options.generation.iter().chain(&against) {
        if !there.contains(asked) {
            let known: Vec<String> = there.iter().map(u32::to_string).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Failure::Usage(format!(
                "{} has no generation {asked}; there are: {known}",
                model.name
            )));
        }
    }
    Ok(Asked { model, generation, against })
}

/// What a view holds in these stores, table by table.
pub(crate) fn contents_of<'a>(
    stores: &'a Stores,
    model: &ReadModel,
    view: View,
) -> Vec<Content<'a>> {
    parts::contents(stores, model, view, parts::Held::all(model))
}
