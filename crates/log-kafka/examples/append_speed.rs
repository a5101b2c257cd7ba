//! How long an append takes: the median, the 90th and the 99th percentile, for batches of some sizes, on one partition.
//! Then how long reading all of them takes.
//!
//! `cargo run --release -p chimera-log-kafka --example append_speed -- 127.0.0.1:9092`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring program")]

use std::time::{Duration, Instant};

use chimera_log::{Batch, Entry, EventLog, Partition, StreamSpec};
use chimera_log_kafka::{KafkaLog, KafkaSettings};
use uuid::Uuid;

fn main() {
    let brokers = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9092".to_owned());
    let name = format!("speed-{}", Uuid::now_v7().simple());
    let topic_prefix = format!("{name}.");
    let settings = KafkaSettings { topic_prefix, ..KafkaSettings::new(&brokers, &name) };
    let log = KafkaLog::open(settings).unwrap();
    log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 1 }]).unwrap();
    let partition = Partition::new("orders", 0);
    let begun = Instant::now();
    let mut writer = log.claim(&partition).unwrap();
    println!("the first claim: {:?}", begun.elapsed());
    for size in [1, 16, 256, 1_000] {
        let mut cycles: Vec<Duration> = Vec::new();
        for _ in 0..500 {
            let batch = batch(size);
            let begun = Instant::now();
            writer.append(batch).unwrap();
            cycles.push(begun.elapsed());
        }
        cycles.sort();
        let [median, most, nearly_all] = [cycles[250], cycles[450], cycles[495]];
        println!("{size} events: p50 {median:?}, p90 {most:?}, p99 {nearly_all:?}");
    }
    read_all(&log, &partition, writer.next_sequence() - 1);
    let begun = Instant::now();
    drop(writer);
    println!("dropping a writer: {:?}", begun.elapsed());
    let begun = Instant::now();
    log.claim(&partition).unwrap();
    println!("the next claim: {:?}", begun.elapsed());
}

fn read_all(log: &KafkaLog, partition: &Partition, last: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let begun = Instant::now();
    let mut reader = log.read(partition, 1).unwrap();
    runtime.block_on(async {
        while reader.position() <= last {
            reader.next().await.unwrap();
        }
    });
    println!("reading {last} events: {:?}", begun.elapsed());
}

fn batch(size: usize) -> Batch {
    let mut batch = Batch::default();
    for index in 0..size {
        batch.push_command([Entry {
            key: format!("order-{index}").into(),
            event_type: "ecommerce.order.order.placed.v1".into(),
            traceparent: None,
            value: Uuid::now_v7().to_string().repeat(8).into_bytes(),
        }]);
    }
    batch
}
