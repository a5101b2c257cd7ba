//! The shards of each stream, and the price table, as tasks of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::product::{Offer, Product};
use chimera_engine::{Engine, GlobalTable, Phase, Router, ShardStatus, Shards};
use chimera_kit::health::Readiness;
use chimera_kit::lifecycle::{Stage, Stopping};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;

use super::{Opening, Prices};

/// Starts the shards of a stream, for as long as the process lives.
pub(super) fn start<A: Aggregate>(
    engine: &Engine,
    partitions: u32,
    name: &'static str,
    opening: &mut Opening<'_>,
) -> anyhow::Result<Router<A>> {
    let shards = engine.start::<A>(partitions)?;
    let statuses = shards.statuses();
    opening.health.register(name, move || readiness(&statuses));
    let router = shards.router();
    let stopping = opening.lifecycle.stopping(Stage::Storage);
    opening.lifecycle.spawn(Stage::Storage, name, keep(shards, stopping));
    Ok(router)
}

fn readiness(statuses: &[watch::Receiver<ShardStatus>]) -> Readiness {
    for status in statuses {
        let status = status.borrow();
        let why = match &status.phase {
            Phase::Serving => continue,
            Phase::Recovering => "is recovering",
            Phase::Failing(reason) | Phase::Ended(reason) => reason,
        };
        return Readiness::NotReady(format!("{}: {why}", status.partition));
    }
    Readiness::Ready
}

/// Stops the shards in the end; an error if one ends before.
async fn keep<A: Aggregate>(shards: Shards<A>, mut stopping: Stopping) -> Result<(), String> {
    let mut ended: FuturesUnordered<_> = shards.statuses().into_iter().map(ended).collect();
    tokio::select! {
        () = stopping.wait() => {}
        Some(status) = ended.next() => {
            return Err(format!("the shard of {} ended: {:?}", status.partition, status.phase));
        }
    }
    drop(ended);
    shards.stop().await;
    Ok(())
}

async fn ended(mut status: watch::Receiver<ShardStatus>) -> ShardStatus {
    let _ = status.wait_for(|status| matches!(status.phase, Phase::Ended(_))).await;
    status.borrow().clone()
}

/// The price table, filled from the product stream for as long as the process lives.
pub(super) fn follow_prices(
    engine: &Engine,
    partitions: u32,
    opening: &mut Opening<'_>,
) -> anyhow::Result<Arc<Prices>> {
    let codec = StreamCodec::new(Product::STREAM, &engine.schemas)?;
    let log = Arc::clone(&engine.log);
    let prices = Arc::new(GlobalTable::new(Product::STREAM, log, codec, partitions, Offer::after));
    for partition in 0..partitions {
        let (prices, mut stopping) = (Arc::clone(&prices), opening.lifecycle.stopping(Stage::Work));
        opening.lifecycle.spawn(Stage::Work, "prices", async move {
            tokio::select! {
                () = stopping.wait() => Ok(()),
                outcome = prices.follow(partition) => outcome,
            }
        });
    }
    announce_prices(&prices, opening);
    Ok(prices)
}

/// Ready once all prices that were in the log at the start are known.
fn announce_prices(prices: &Arc<Prices>, opening: &mut Opening<'_>) {
    let caught_up = Arc::new(AtomicBool::new(false));
    let (seen, prices) = (Arc::clone(&caught_up), Arc::clone(prices));
    opening.health.register("prices", move || {
        if seen.load(Ordering::Acquire) {
            return Readiness::Ready;
        }
        Readiness::NotReady("the price table is being read from the log".to_owned())
    });
    tokio::spawn(async move {
        while !prices.caught_up(Duration::from_secs(1)).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        caught_up.store(true, Ordering::Release);
    });
}
