//! One view from the first event to given positions, with progress: what `run` and `verify` share.

use std::sync::Arc;
use std::time::Duration;

use chimera_model::ReadModel;
use chimera_worker::{Feeder, Leg, Positions as Standing, Target};
use tokio::sync::Semaphore;

use crate::data::Positions;
use crate::failure::Failure;
use crate::progress::{Progress, Step};

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// As many read models at once as there are cores; more would only take memory.
pub(crate) fn one_per_core() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)))
}

/// Creates the view and feeds it; says how many events were read or passed over.
pub(crate) async fn rebuild(
    feeder: &Feeder,
    target: &Target,
    upto: &Positions,
    progress: &Progress,
) -> Result<u64, Failure> {
    target.create().await?;
    let legs = feeder
        .legs(target, |partition| Some(upto.get(partition).copied().unwrap_or(0)))
        .await
        .map_err(Failure::failed)?;
    feed(feeder, target, &legs, progress).await
}

/// Feeds legs that end, with progress; says how many events were read or passed over.
pub(crate) async fn feed(
    feeder: &Feeder,
    target: &Target,
    legs: &[Leg],
    progress: &Progress,
) -> Result<u64, Failure> {
    let total = legs.iter().map(|leg| leg.upto.unwrap_or(0).saturating_sub(leg.from - 1)).sum();
    let step = progress.step(target.model().name, total, "events");
    let standing = Standing::default();
    let fed = feeder.feed(target, legs, &standing);
    tokio::pin!(fed);
    loop {
        tokio::select! {
            ended = &mut fed => {
                step.set(applied(target.model(), legs, &standing));
                step.end();
                return ended.map(|()| total).map_err(Failure::failed);
            }
            () = tokio::time::sleep(LOOK_EVERY) => show(&step, target.model(), legs, &standing),
        }
    }
}

fn show(step: &Step, model: &ReadModel, legs: &[Leg], standing: &Standing) {
    step.set(applied(model, legs, standing));
}

fn applied(model: &ReadModel, legs: &[Leg], standing: &Standing) -> u64 {
    let of = |leg: &Leg| {
        let applied = standing.applied(model.name, &leg.partition);
        applied.map(|applied| applied.saturating_sub(leg.from - 1))
    };
    legs.iter().filter_map(of).sum()
}
