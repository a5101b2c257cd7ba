//! `replay verify`: every read model rebuilt aside, up to where the live one stands, and compared with it by content.
//!
//! Changes nothing that is live. Reads the whole log as well and says whether it is sound.

mod judge;
mod report;
mod scratch;

use std::sync::Arc;

use chimera_config::Config;

pub(crate) use report::{Differing, ModelReport, TableReport, VerifyReport};

use crate::cli::VerifyOptions;
use crate::data::Data;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::rebuild::one_per_core;
use crate::{log_check, models};
use judge::Judge;
use scratch::Scratch;

pub(crate) async fn verify(
    config: &Config,
    options: &VerifyOptions,
) -> Result<VerifyReport, Failure> {
    let wanted = models::chosen(&options.models)?;
    let data = Arc::new(Data::open(config).await?);
    let scratch = Scratch::open(options.scratch.as_deref().unwrap_or(&data.log.dir))?;
    let (progress, cores) = (Progress::new(), one_per_core());
    let judge = Judge {
        feeder: data.feeder(scratch.all())?,
        rebuilt: scratch.all(),
        data: data.clone(),
        named: options.named,
        progress: progress.clone(),
    };
    let ends = data.log.all_ends()?;
    let mut tasks = Vec::new();
    for model in wanted {
        let (judge, cores) = (judge.clone(), cores.clone());
        tasks.push(tokio::spawn(async move {
            let _core = cores.acquire_owned().await;
            judge.model(model).await
        }));
    }
    let log = log_check::check(&data.log, ends, &progress, &cores).await?;
    let mut models = Vec::new();
    for task in tasks {
        models.push(task.await.map_err(Failure::failed)?);
    }
    Ok(VerifyReport::new(log, models))
}
