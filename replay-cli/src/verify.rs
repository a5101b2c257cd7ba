//! `replay verify`: every read model rebuilt aside, up to where the live one stands, and compared with it by content.
//!
//! Changes nothing that is live. Reads the whole log as well and says whether it is sound.

mod judge;
mod report;
mod scratch;

use std::path::Path;
use std::sync::Arc;

pub(crate) use report::{Differing, ModelReport, TableReport, VerifyReport};

use crate::cli::VerifyOptions;
use crate::data::{Data, Positions};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::rebuild::one_per_core;
use crate::{log_check, models};
use judge::Judge;
use scratch::Scratch;

pub(crate) async fn verify(dir: &Path, options: &VerifyOptions) -> Result<VerifyReport, Failure> {
    let wanted = models::chosen(&options.models)?;
    let data = Arc::new(Data::open(dir)?);
    let scratch = Scratch::open(options.scratch.as_deref().unwrap_or(&data.dir))?;
    let (progress, cores) = (Progress::new(), one_per_core());
    let judge = Judge {
        feeder: data.feeder(scratch.stores())?,
        rebuilt: scratch.stores().clone(),
        data: data.clone(),
        named: options.named,
        progress: progress.clone(),
    };
    let ends = all_ends(&data)?;
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

fn all_ends(data: &Data) -> Result<Positions, Failure> {
    use chimera_log::EventLog;
    let streams = data.log.streams()?;
    let names: Vec<&str> = streams.iter().map(|stream| &*stream.name).collect();
    data.ends(&names)
}
