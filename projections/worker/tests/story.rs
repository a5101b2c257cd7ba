//! A thousand orders, one event of one of them poisoned: what the shop's read models show meanwhile, and after it was put right.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chimera_log::Partition;
use chimera_model::testing::{Shop, Tables};
use chimera_model::{
    Change, ReadModel, daily_revenue, order_details, order_status, orders_by_customer,
};
use chimera_stores::View;
use chimera_worker::{Feeder, Limits, Positions, ShownEvent, Stores, Worker};
use support::garbling::Garbling;
use support::{MemoryStores, log_of};
use tokio::time::Instant;

static MODELS: [&ReadModel; 4] = [
    &orders_by_customer::MODEL,
    &order_details::MODEL,
    &order_status::MODEL,
    &daily_revenue::MODEL,
];
const ORDERS: u32 = 1_000;
const POISONED: &str = "O-500";
/// It is paid with its fourth event.
const PAID: u64 = 4;

fn waits(change: &Change) -> bool {
    &**change.key() == POISONED && change.meta().aggregate_version >= PAID
}

/// Waits until every model has applied the history to its end.
async fn caught_up(positions: &Positions, history: &[Change]) {
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut ends = BTreeMap::new();
    for change in history {
        ends.insert(Partition::new(change.stream(), change.partition()), change.meta().sequence);
    }
    for model in MODELS {
        for (at, &sequence) in &ends {
            while positions.wait_until(model.name, at, sequence, deadline).await.is_err() {
                assert!(Instant::now() < deadline, "{} does not catch up", model.name);
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_orders_one_waits_and_heals_and_nobody_else_notices() {
    let history = Shop::of_orders(ORDERS);
    let paid = history.iter().find(|change| waits(change)).unwrap();
    let at = Partition::new(paid.stream(), paid.partition());
    let garbling = Garbling::at(&log_of(&history), [(at.clone(), paid.meta().sequence)]);
    let stores = MemoryStores::scripted([]);
    let all = Stores { rows: stores.clone(), kv: stores.clone(), search: stores.clone() };
    let feeder = Feeder::new(garbling.clone(), all, Limits::LIVE).unwrap();
    let worker = Worker::new(feeder.clone(), stores.generations());
    let positions = worker.positions();
    let mut running = tokio::task::JoinSet::new();
    for model in MODELS {
        let worker = worker.clone();
        running.spawn(async move { worker.run(model).await });
    }
    caught_up(&positions, &history).await;
    let flowing: Vec<Change> = history.iter().filter(|change| !waits(change)).cloned().collect();
    let letters = feeder.dead_letters();
    for model in MODELS {
        let view = View::new(model.name, 1);
        assert_eq!(stores.tables(view), Tables::after(model, &flowing), "{}", model.name);
        let shown = letters.show(model, view, POISONED, 100).await.unwrap();
        let wanted =
            |change: &&Change| waits(change) && model.reads(change.event_type().as_bytes());
        assert_eq!(shown.len(), history.iter().filter(wanted).count(), "{}", model.name);
        assert!(matches!(shown[0].event, ShownEvent::Raw { .. }));
        assert!(shown.is_sorted_by_key(|shown| shown.letter.sequence));
        assert_eq!(letters.totals(model, view).await.unwrap().0, 1);
    }
    garbling.fix();
    for model in MODELS {
        letters.retry(model, View::new(model.name, 1), POISONED, "ann").await.unwrap();
    }
    healed(&feeder, &stores, &history).await;
    assert_eq!(positions.lags(support::LATER).iter().map(|lag| lag.parked.1).sum::<u64>(), 0);
    running.shutdown().await;
}

async fn healed(feeder: &Feeder, stores: &Arc<MemoryStores>, history: &[Change]) {
    let deadline = Instant::now() + Duration::from_secs(30);
    for model in MODELS {
        let view = View::new(model.name, 1);
        while feeder.dead_letters().totals(model, view).await.unwrap() != (0, 0) {
            assert!(Instant::now() < deadline, "{} does not heal", model.name);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let holds = stores.tables(view).without_healings();
        assert!(holds == Tables::after(model, history), "{} is as rebuilt", model.name);
    }
}
