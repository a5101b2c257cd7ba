//! The price table of this node, filled from the product stream for as long as the process lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::product::{Offer, Product};
use chimera_engine::{Engine, GlobalTable};
use chimera_kit::health::Readiness;
use chimera_kit::lifecycle::Stage;

use super::{Opening, Prices};

/// Follows every partition of the product stream.
pub(super) fn follow(engine: &Engine, opening: &mut Opening<'_>) -> anyhow::Result<Arc<Prices>> {
    let partitions = opening.config.log.partitions();
    let codec = chimera_codec::StreamCodec::bundled(Product::STREAM)?;
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
    announce(&prices, opening);
    Ok(prices)
}

/// Ready once all prices that were in the log at the start are known.
fn announce(prices: &Arc<Prices>, opening: &mut Opening<'_>) {
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
