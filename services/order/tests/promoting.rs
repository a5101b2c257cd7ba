//! A switch to another generation under a thousand reads a second: no read fails, none is put together from two generations, and no
//! answer of the old one comes after the first of the new one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure is a failed test")]

mod shop;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chimera_model::{ReadModel, RowKey, RowMutation, order_details};
use chimera_stores::{Live, RowWriter, View};
use chimera_worker::{Feeder, Limits, Positions, Stores};
use shop::{Shop, get};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

const MODEL: &ReadModel = &order_details::MODEL;
const OLD: View = View::new(MODEL.name, 1);
const READERS: u64 = 10;
/// Together a thousand reads a second.
const BETWEEN_READS: Duration = Duration::from_millis(10);
/// What no rule ever writes: it shows which generation answers.
const WRONG: &str = "WRONG";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_under_a_thousand_reads_a_second_is_seen_as_one_step() {
    let shop = Arc::new(Shop::open().await);
    shop.stock_up("P-1", 1_000).await;
    let mut orders = Vec::new();
    for number in 0..10 {
        let placed = shop.place(&format!("k-{number}"), "P-1", 1).await;
        orders.push(placed.text("/orderId").to_owned());
    }
    let feeder = feeder(&shop);
    level(&shop, &feeder, 1).await;
    spoil(&shop, &orders).await;
    level(&shop, &feeder, 2).await;

    let reading = Arc::new(Reading::default());
    let mut readers = JoinSet::new();
    for number in 0..READERS {
        let (shop, orders, reading) = (shop.clone(), orders.clone(), reading.clone());
        readers.spawn(async move { reading.read(number, &shop, &orders).await });
    }
    reading.reaches(1_000).await;
    assert_eq!(reading.new.load(Ordering::Relaxed), 0);
    let (at, by) = ("2026-11-22T10:00:00Z".to_owned(), "test".to_owned());
    let to = Live { generation: 2, previous: Some(1), at, by, reason: None, forced: false };
    shop.reads.generations.switch(MODEL.name, None, &to).await.unwrap();
    shop.place("k-later", "P-1", 1).await;
    let before = reading.reads.load(Ordering::Relaxed);
    reading.reaches(before + 1_000).await;
    shop.stores.rows().remove(OLD).await.unwrap();
    reading.reaches(before + 2_000).await;
    reading.is_over.store(true, Ordering::Relaxed);
    while let Some(ended) = readers.join_next().await {
        ended.unwrap();
    }
    assert!(reading.new.load(Ordering::Relaxed) >= 1_900);
}

/// What the readers have seen together.
#[derive(Default)]
struct Reading {
    reads: AtomicU64,
    /// Answers of the new generation.
    new: AtomicU64,
    is_over: AtomicBool,
}

impl Reading {
    async fn read(&self, first: u64, shop: &Shop, orders: &[String]) {
        let mut ticks = interval(BETWEEN_READS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut turns = orders.iter().cycle().skip(usize::try_from(first).unwrap());
        let mut has_seen_new = false;
        while !self.is_over.load(Ordering::Relaxed) {
            ticks.tick().await;
            let order = turns.next().unwrap();
            let answer =
                shop.ask(get(&format!("/api/v1/orders/{order}")).acting_as("alice")).await.is(200);
            let is_old = answer.body["status"] == WRONG;
            assert!(!(is_old && has_seen_new), "an old answer after a new one: {}", answer.body);
            assert_eq!(answer.body["lines"].as_array().unwrap().len(), 1, "{}", answer.body);
            has_seen_new |= !is_old;
            self.reads.fetch_add(1, Ordering::Relaxed);
            self.new.fetch_add(u64::from(!is_old), Ordering::Relaxed);
        }
    }

    async fn reaches(&self, reads: u64) {
        let reached = async {
            while self.reads.load(Ordering::Relaxed) < reads {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), reached).await.unwrap();
    }
}

fn feeder(shop: &Shop) -> Feeder {
    let stores = &shop.stores;
    let all = Stores { rows: stores.rows(), kv: stores.kv(), search: stores.search() };
    Feeder::new(shop.log.clone(), all, Limits::LIVE).unwrap()
}

/// Brings a generation up to the end of the log, as `replay run` does.
async fn level(shop: &Shop, feeder: &Feeder, generation: u32) {
    let target = feeder.target(MODEL, generation);
    target.create().await.unwrap();
    let end = |partition: &chimera_log::Partition| {
        Some(*shop.log.high_watermark(partition).unwrap().borrow())
    };
    let legs = feeder.legs(&target, end).await.unwrap();
    feeder.feed(&target, &legs, &Positions::default()).await.unwrap();
}

/// Puts what is wrong into the live generation.
async fn spoil(shop: &Shop, orders: &[String]) {
    let table = MODEL.tables[0];
    let wrong = orders.iter().map(|order| RowMutation::Upsert {
        table,
        key: RowKey(vec![order.as_str().into()]),
        cells: vec![("status", WRONG.into())],
        version: 1_000_000,
    });
    let wrong: Vec<RowMutation> = wrong.collect();
    shop.stores.rows().apply(OLD, &wrong, &[]).await.unwrap();
}
