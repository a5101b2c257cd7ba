//! The live worker: at the tail, waited for, behind, stopped, and led to another generation.

mod support;

use std::sync::Arc;
use std::time::Duration;

use chimera_log::{MemoryLog, Partition};
use chimera_model::testing::{Shop, Tables};
use chimera_model::{Change, ReadModel, daily_revenue, order_status, orders_by_customer};
use chimera_stores::{StoreError, View};
use chimera_worker::{Feeder, Positions, Stores, WaitError, Worker};
use support::mute::Mute;
use support::{LATER, MemoryStores, SMALL, Scripted, append, empty_log, feeder};
use tokio::time::Instant;

static MODEL: &ReadModel = &orders_by_customer::MODEL;

/// Two orders in one partition, from their placing to their refund.
fn orders() -> Vec<Change> {
    let acts: Vec<_> = (0..40).map(|n| (2, if n % 2 == 0 { 0 } else { 2 }, 200)).collect();
    let orders = Shop::history(&acts);
    assert!(orders.len() > 10, "a history worth following");
    orders
}

fn partition(orders: &[Change]) -> Partition {
    Partition::new(orders[0].stream(), orders[0].partition())
}

fn worker(log: &Arc<MemoryLog>, stores: &Arc<MemoryStores>) -> Worker {
    Worker::new(feeder(log, stores, SMALL), stores.generations())
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// Waits until the worker has started, then for the sequence.
async fn reached(positions: &Positions, model: &str, partition: &Partition, sequence: u64) {
    loop {
        match positions.wait_until(model, partition, sequence, soon()).await {
            Err(WaitError::NotFed { .. }) => tokio::task::yield_now().await,
            ended @ (Ok(()) | Err(WaitError::NotCaughtUp { .. })) => {
                assert_eq!(ended, Ok(()));
                return;
            }
        }
    }
}

/// Lets the paused clock run until the condition holds.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::advance(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_is_appended_later_is_applied_and_can_be_waited_for() {
    let (orders, log, stores) = (orders(), empty_log(), MemoryStores::scripted([]));
    let (worker, at) = (worker(&log, &stores), partition(&orders));
    let positions = worker.positions();
    let running = tokio::spawn(async move { worker.run(MODEL).await });
    append(&log, &orders[..4]);
    reached(&positions, MODEL.name, &at, 4).await;
    append(&log, &orders[4..]);
    reached(&positions, MODEL.name, &at, orders.len() as u64).await;
    assert_eq!(stores.tables(View::new(MODEL.name, 1)), Tables::after(MODEL, &orders));
    running.abort();
}

#[tokio::test]
async fn a_log_that_does_not_answer_at_the_start_is_asked_again_and_nothing_stops() {
    let (orders, log, stores) = (orders(), empty_log(), MemoryStores::scripted([]));
    let at = partition(&orders);
    append(&log, &orders);
    // More than one round of questions: what streams there are, where each partition ends, what it holds.
    for questions in [1, 2, 7] {
        let mute = Arc::new(Mute::at_first(&log, questions));
        let both = Stores { rows: stores.clone(), kv: stores.clone(), search: stores.clone() };
        let feeder = Feeder::new(mute, both, SMALL).unwrap();
        let worker = Worker::new(feeder, stores.generations());
        let positions = worker.positions();
        tokio::select! {
            () = reached(&positions, MODEL.name, &at, orders.len() as u64) => {}
            ended = worker.run(MODEL) => panic!("after {questions} questions: {ended:?}"),
        }
    }
}

#[tokio::test]
async fn a_worker_started_again_goes_on_where_the_last_one_was() {
    let (orders, log, stores) = (orders(), empty_log(), MemoryStores::scripted([]));
    let at = partition(&orders);
    for part in [&orders[..4], &orders[4..9], &orders[9..]] {
        append(&log, part);
        let worker = worker(&log, &stores);
        let positions = worker.positions();
        let running = tokio::spawn(async move { worker.run(&daily_revenue::MODEL).await });
        reached(&positions, "daily_revenue", &at, part.last().unwrap().meta().sequence).await;
        running.abort();
    }
    let expected = Tables::after(&daily_revenue::MODEL, &orders);
    assert_eq!(stores.tables(View::new("daily_revenue", 1)), expected);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_its_deadline_and_says_how_far_it_is() {
    let (orders, log, stores) = (orders(), empty_log(), MemoryStores::scripted([]));
    let (worker, at) = (worker(&log, &stores), partition(&orders));
    let positions = worker.positions();
    append(&log, &orders[..4]);
    let running = tokio::spawn(async move { worker.run(MODEL).await });
    reached(&positions, MODEL.name, &at, 4).await;
    let late = positions.wait_until(MODEL.name, &at, 5, soon()).await;
    assert_eq!(late, Err(WaitError::NotCaughtUp { applied: 4, wanted: 5 }));
    running.abort();
}

#[tokio::test]
async fn there_is_nothing_to_wait_for_in_a_stream_that_a_model_does_not_read() {
    let (log, stores) = (empty_log(), MemoryStores::scripted([]));
    let worker = worker(&log, &stores);
    let positions = worker.positions();
    let running = tokio::spawn(async move { worker.run(MODEL).await });
    reached(&positions, MODEL.name, &Partition::new("ecommerce.order.order", 1), 0).await;
    let stock = Partition::new("ecommerce.inventory.stock", 0);
    assert_eq!(positions.wait_until(MODEL.name, &stock, 9, soon()).await, Ok(()));
    let nowhere = Partition::new("ecommerce.order.order", 99);
    let refused = positions.wait_until(MODEL.name, &nowhere, 1, soon()).await;
    assert!(matches!(refused, Err(WaitError::NotFed { .. })));
    running.abort();
}

#[tokio::test]
async fn a_model_that_stops_says_why_and_stays_behind() {
    let fatal = Scripted::Fail(StoreError::Fatal("disk on fire".into()));
    let (orders, log, stores) = (orders(), empty_log(), MemoryStores::scripted([fatal]));
    append(&log, &orders);
    let worker = worker(&log, &stores);
    let positions = worker.positions();
    worker.run(&order_status::MODEL).await.unwrap_err();
    let reason = positions.halted("order_status").unwrap();
    assert!(reason.contains("disk on fire"), "{reason}");
    let at = partition(&orders);
    let lags = positions.lags(LATER);
    let lag = lags.iter().find(|lag| lag.partition == at).unwrap();
    assert_eq!((lag.events, lag.applied), (orders.len() as u64, 0));
    assert_eq!(lag.micros, LATER.0 - orders[0].meta().recorded_at.0);
    assert_eq!(lag.halted, Some(reason));
}

#[tokio::test]
async fn who_is_caught_up_is_not_behind() {
    let (orders, log, stores) = (orders(), empty_log(), MemoryStores::scripted([]));
    append(&log, &orders);
    let worker = worker(&log, &stores);
    let positions = worker.positions();
    let running = tokio::spawn(async move { worker.run(MODEL).await });
    reached(&positions, MODEL.name, &partition(&orders), orders.len() as u64).await;
    assert!(positions.lags(LATER).iter().all(|lag| (lag.events, lag.micros) == (0, 0)));
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_promoted_generation_is_followed() {
    let (orders, log, stores) = (orders(), empty_log(), MemoryStores::scripted([]));
    let (worker, at) = (worker(&log, &stores), partition(&orders));
    let positions = worker.positions();
    let running = tokio::spawn(async move { worker.run(MODEL).await });
    append(&log, &orders[..4]);
    reached(&positions, MODEL.name, &at, 4).await;
    stores.promote(MODEL.name, 2).await;
    append(&log, &orders[4..]);
    let expected = Tables::after(MODEL, &orders);
    until(|| stores.tables(View::new(MODEL.name, 2)) == expected).await;
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn the_checkpoint_follows_what_was_passed_over_once_nothing_more_comes() {
    let (orders, log, stores) = (orders(), empty_log(), MemoryStores::scripted([]));
    let at = partition(&orders);
    append(&log, &orders[..1]);
    let worker = worker(&log, &stores);
    let running = tokio::spawn(async move { worker.run(&daily_revenue::MODEL).await });
    let view = View::new("daily_revenue", 1);
    until(|| stores.checkpoint(view, &at) == Some(1)).await;
    running.abort();
}
