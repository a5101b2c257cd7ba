//! Who is behind, by how much, and that one who is slow makes nobody else late.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use chimera_log::{MemoryLog, Partition};
use chimera_model::testing::Shop;
use chimera_model::{Change, ReadModel, daily_revenue, order_status, orders_by_customer};
use chimera_stores::StoreError;
use chimera_worker::{Answers, Limits, Positions, WaitError, Worker};
use support::{LATER, MemoryStores, Scripted, append, catch_up, empty_log, feeder, log_of};
use tokio::time::Instant;

fn places(history: &[Change]) -> Vec<(Partition, u64)> {
    let last = |index| {
        let of = history.iter().rev().find(|change| change.partition() == index)?;
        Some((Partition::new(of.stream(), index), of.meta().sequence))
    };
    (0..2).filter_map(last).collect()
}

async fn reached(positions: &Positions, model: &ReadModel, history: &[Change]) {
    for (at, sequence) in places(history) {
        loop {
            let soon = Instant::now() + Duration::from_hours(1);
            match positions.wait_until(model.name, &at, sequence, soon).await {
                Ok(()) => break,
                Err(WaitError::NotFed { .. }) => tokio::task::yield_now().await,
                Err(error @ WaitError::NotCaughtUp { .. }) => panic!("{error}"),
            }
        }
    }
}

fn worker(log: &Arc<MemoryLog>, stores: &Arc<MemoryStores>) -> Worker {
    Worker::new(feeder(log, stores, Limits::LIVE), stores.generations())
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_two_seconds_delays_only_the_model_that_it_holds() {
    let (history, log, stores) = (Shop::of_orders(20), empty_log(), MemoryStores::scripted([]));
    let worker = worker(&log, &stores);
    let positions = worker.positions();
    let (slow, fast) = (&orders_by_customer::MODEL, &order_status::MODEL);
    stores.slow_down(slow.name);
    let mut running = tokio::task::JoinSet::new();
    for model in [slow, fast] {
        let worker = worker.clone();
        running.spawn(async move { worker.run(model).await });
    }
    let started = Instant::now();
    let mut applied = 0;
    for part in history.chunks(30) {
        append(&log, part);
        applied += part.len();
        let appended = Instant::now();
        reached(&positions, fast, &history[..applied]).await;
        assert!(appended.elapsed() < Duration::from_millis(100), "{:?}", appended.elapsed());
    }
    let behind = |model: &ReadModel| {
        let lags = positions.lags(LATER);
        lags.iter().filter(|lag| lag.model == model.name).map(|lag| lag.events).sum::<u64>()
    };
    assert_eq!(behind(fast), 0);
    assert!(behind(slow) > 100, "{}", behind(slow));
    reached(&positions, slow, &history).await;
    assert!(started.elapsed() > Duration::from_secs(2));
    running.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_full_store_says_so_until_it_has_written_even_if_the_store_can_be_read() {
    let history = Shop::of_orders(6);
    let full = Scripted::Fail(StoreError::Saturated("full".into()));
    let (log, stores) = (log_of(&history), MemoryStores::scripted(vec![full; 10]));
    let (worker, model) = (worker(&log, &stores), &orders_by_customer::MODEL);
    let positions = worker.positions();
    let running = tokio::spawn(async move { worker.run(model).await });
    let at = &places(&history)[0].0;
    let mut seen: Vec<Answers> = vec![];
    while !matches!(seen.last(), Some(Answers::AgainSince(_))) {
        let lags = positions.lags(LATER);
        let found = lags.iter().find(|lag| lag.partition == *at);
        seen.extend(found.map(|lag| lag.store));
        seen.dedup();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let waits = |answers: &Answers| matches!(answers, Answers::NotSince(_));
    let times = seen.iter().filter(|answers| waits(answers)).count();
    assert_eq!((times, seen.len() <= 3), (1, true), "{seen:?}");
    running.abort();
}

#[tokio::test]
async fn the_oldest_event_that_is_not_applied_says_how_far_behind_a_model_is_even_one_that_it_ignores()
 {
    let history = Shop::of_orders(20);
    let (log, stores) = (log_of(&history), MemoryStores::scripted([Scripted::DieAfter(0)]));
    let worker = worker(&log, &stores);
    let positions = worker.positions();
    let stuck = async {
        let _ = tokio::join!(worker.run(&daily_revenue::MODEL));
    };
    tokio::select! {
        () = stuck => {}
        () = stores.died.notified() => {}
    }
    assert!(!daily_revenue::MODEL.reads(history[0].event_type().as_bytes()));
    let lags = positions.lags(LATER);
    let behind = lags.iter().find(|lag| lag.applied == 0 && lag.micros > 0).unwrap();
    let first = history.iter().find(|change| change.partition() == behind.partition.index).unwrap();
    assert_eq!(behind.micros, LATER.0 - first.meta().recorded_at.0);
}

#[tokio::test(start_paused = true)]
async fn how_a_model_stands_is_known_here_though_its_store_does_not_answer() {
    let (history, model) = (Shop::of_orders(6), &orders_by_customer::MODEL);
    let (log, stores) = (log_of(&history), MemoryStores::scripted([]));
    let (worker, feeder) = (worker(&log, &stores), feeder(&log, &stores, Limits::LIVE));
    let positions = worker.positions();
    let running = tokio::spawn(async move { worker.run(model).await });
    reached(&positions, model, &history).await;
    stores.answer(false);
    let standing = feeder.standing(model, Some(1), &positions, LATER).await.unwrap();
    assert!(standing.silent.is_some_and(|why| why.contains("nobody answers")));
    assert_eq!(standing.partitions.len(), 2);
    assert!(standing.partitions.iter().all(|one| one.applied == one.end));
    let waits = || positions.lags(LATER).iter().all(|lag| lag.store.waited().is_some());
    while !waits() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let standing = feeder.standing(model, Some(1), &positions, LATER).await.unwrap();
    assert!(standing.partitions.iter().all(|one| one.waited.is_some()));
    let elsewhere = feeder.standing(model, Some(1), &Positions::default(), LATER).await;
    assert!(elsewhere.is_err(), "nothing of it is known there");
    running.abort();
}

#[tokio::test]
async fn how_a_model_stands_is_known_where_nobody_feeds_it() {
    let history = Shop::of_orders(6);
    let (log, stores) = (log_of(&history[..20]), MemoryStores::scripted([]));
    let (model, feeder) = (&daily_revenue::MODEL, feeder(&log, &stores, Limits::LIVE));
    catch_up(&feeder, model, &Positions::default()).await.unwrap();
    append(&log, &history[20..]);
    let standing = feeder.standing(model, Some(1), &Positions::default(), LATER).await.unwrap();
    assert_eq!(standing.events(), history.len() as u64 - 20);
    for one in &standing.partitions {
        let is_next = |change: &&Change| {
            change.partition() == one.partition.index && change.meta().sequence == one.applied + 1
        };
        let next = history.iter().find(is_next).unwrap();
        assert_eq!(one.micros, Some(LATER.0 - next.meta().recorded_at.0));
    }
    catch_up(&feeder, model, &Positions::default()).await.unwrap();
    let standing = feeder.standing(model, Some(1), &Positions::default(), LATER).await.unwrap();
    assert!(standing.partitions.iter().all(|one| (one.events(), one.micros) == (0, Some(0))));
}
