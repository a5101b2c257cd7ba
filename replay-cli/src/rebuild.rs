//! One view from the first event to given positions, with progress: what `run` and `verify` share.

use std::sync::Arc;
use std::time::Duration;

use chimera_model::ReadModel;
use chimera_worker::{Feeder, Leg, Positions as Standing, Target};
use tokio::sync::Semaphore;

use crate::data::Positions;
use crate::failure::Failure;
use crate::progress::{Part, Progress, Step};

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Of this machine, as far as this process may use them.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// As many read models at once as there are cores; more would only take memory.
pub(crate) fn one_per_core() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(cores()))
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
    let total = legs.iter().map(length).sum();
    let model = target.model();
    let bars = Bars::new(model, legs, progress, total);
    let standing = Standing::default();
    let fed = feeder.feed(target, legs, &standing);
    tokio::pin!(fed);
    let ended = loop {
        tokio::select! {
            ended = &mut fed => break ended,
            () = tokio::time::sleep(LOOK_EVERY) => bars.show(model, legs, &standing),
        }
    };
    bars.show(model, legs, &standing);
    bars.step.end();
    ended.map(|()| total).map_err(Failure::failed)
}

/// How many events a leg that ends is about.
pub(crate) fn length(leg: &Leg) -> u64 {
    leg.upto.unwrap_or(0).saturating_sub(leg.from - 1)
}

/// The bar of a read model, and below it one for each of its partitions.
struct Bars {
    step: Step,
    parts: Vec<Part>,
}

impl Bars {
    fn new(model: &ReadModel, legs: &[Leg], progress: &Progress, total: u64) -> Self {
        let step = progress.step(model.name, total, "events");
        let part = |leg: &Leg| progress.part(&leg.partition.to_string(), length(leg));
        Self { step, parts: legs.iter().map(part).collect() }
    }

    fn show(&self, model: &ReadModel, legs: &[Leg], standing: &Standing) {
        let mut sum = 0;
        for (leg, part) in legs.iter().zip(&self.parts) {
            let applied = standing.applied(model.name, &leg.partition).unwrap_or(0);
            let done = applied.saturating_sub(leg.from - 1);
            part.set(done);
            sum += done;
        }
        self.step.set(sum);
    }
}
