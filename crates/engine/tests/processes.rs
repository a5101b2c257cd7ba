//! What the runner promises to a process: every event, in order per aggregate, at least once, whatever fails.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::recorded::Recorded;
use chimera_domain::stock::{Event, Stock};
use chimera_engine::{Process, ProcessOptions, ProcessRunner, Unfinished};
use chimera_log::{Batch, Bookmarks, Entry, Partition};
use support::{World, adjust, named, request};
use tokio::sync::watch;

/// Notes what it handles; every third attempt fails.
#[derive(Default)]
struct Notes {
    attempts: Mutex<u32>,
    handled: Mutex<HashMap<String, Vec<u64>>>,
}

#[async_trait]
impl Process for Notes {
    type Source = Stock;

    fn name(&self) -> &'static str {
        "notes"
    }

    fn wants(&self, event_type: &str) -> bool {
        event_type == "ecommerce.inventory.stock.adjusted.v1"
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Unfinished> {
        tokio::task::yield_now().await;
        let mut attempts = self.attempts.lock().unwrap();
        *attempts += 1;
        if attempts.is_multiple_of(3) {
            return Err(Unfinished("not now".to_owned()));
        }
        let mut handled = self.handled.lock().unwrap();
        handled.entry(event.key.to_string()).or_default().push(event.meta.aggregate_version);
        Ok(())
    }
}

struct Running {
    task: tokio::task::JoinHandle<Result<(), String>>,
    stop: watch::Sender<bool>,
    position: watch::Receiver<u64>,
}

fn run(world: &World, process: &Arc<Notes>) -> Running {
    let ((position, reached), (stop, stopped)) = (watch::channel(0), watch::channel(false));
    let runner = ProcessRunner {
        process: Arc::clone(process),
        log: Arc::clone(&world.log),
        bookmarks: world.checkpoints.clone(),
        codec: Arc::new(StreamCodec::bundled(Stock::STREAM).unwrap()),
        partition: Partition::new(Stock::STREAM, 0),
        options: ProcessOptions {
            concurrency: 3,
            first_pause: Duration::from_millis(1),
            save_every: 5,
            ..ProcessOptions::default()
        },
        position,
        stop: stopped,
    };
    Running { task: tokio::spawn(runner.run()), stop, position: reached }
}

async fn deliver(world: &World, rounds: std::ops::Range<u32>) {
    let shards = world.start::<Stock>().await;
    for round in rounds {
        for n in 0..7 {
            let id = named(&format!("{round}:{n}"));
            let key = format!("P{n}");
            shards.router().execute(request(&key, adjust(1), id)).await.unwrap();
        }
    }
    shards.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_handled_in_order_per_aggregate_although_attempts_fail() {
    let world = World::new(1);
    deliver(&world, 0..20).await;
    let notes = Arc::new(Notes::default());
    let mut running = run(&world, &notes);
    running.position.wait_for(|&done| done == 140).await.unwrap();
    running.stop.send_replace(true);
    running.task.await.unwrap().unwrap();
    for versions in notes.handled.lock().unwrap().values() {
        assert_eq!(*versions, (1..=20).collect::<Vec<u64>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_everything_was_done() {
    let world = World::new(1);
    let notes = Arc::new(Notes::default());
    for round in 0..4 {
        deliver(&world, round * 5..round * 5 + 5).await;
        let mut running = run(&world, &notes);
        let end = u64::from(round + 1) * 35;
        running.position.wait_for(|&done| done == end).await.unwrap();
        running.stop.send_replace(true);
        running.task.await.unwrap().unwrap();
    }
    let handled: usize = notes.handled.lock().unwrap().values().map(Vec::len).sum();
    assert_eq!(handled, 140, "an orderly stop repeats nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_beyond_the_log_belongs_to_another_log() {
    let world = World::new(1);
    let partition = Partition::new(Stock::STREAM, 0);
    world.checkpoints.keep("notes", &partition, 5_000).await.unwrap();
    deliver(&world, 0..1).await;
    let notes = Arc::new(Notes::default());
    let mut running = run(&world, &notes);
    running.position.wait_for(|&done| done == 7).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_decoded_is_never_passed_over() {
    let world = World::new(1);
    deliver(&world, 0..1).await;
    let partition = Partition::new(Stock::STREAM, 0);
    let mut batch = Batch::default();
    batch.push_command([Entry {
        key: "P0".into(),
        event_type: "ecommerce.inventory.stock.adjusted.v1".into(),
        traceparent: None,
        value: b"not an event".to_vec(),
    }]);
    world.log.claim(&partition).unwrap().append(batch).unwrap();
    let notes = Arc::new(Notes::default());
    for _ in 0..3 {
        let ended = run(&world, &notes).task.await.unwrap();
        assert!(ended.unwrap_err().contains("sequence 8"));
        assert!(world.checkpoints.find("notes", &partition).await.unwrap() < 8);
    }
}
