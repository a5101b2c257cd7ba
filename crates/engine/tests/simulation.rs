//! The shard under a log that fails: whatever happens, each acknowledged command took effect once, and nothing else did; no
//! checkpoint is ever ahead of the log.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may break off")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chimera_domain::stock::Stock;
use chimera_engine::{
    CheckpointError, CheckpointStore, Engine, EngineOptions, Failure, MemoryCheckpoints, Router,
    Shards, Snapshot,
};
use chimera_log::{EventLog, FaultPlan, FaultyLog, Injected, Partition};
use support::checkpoints::{Meddled, Meddler};
use support::remote::{RemoteLog, Wait, Watched, WatchedClock};
use support::{NOON, World, adjust, history, named, request, reserve};

/// Looks whether what is saved is in the log.
struct Saved {
    log: Arc<dyn EventLog>,
    /// One was saved that held more than the log.
    ahead: AtomicBool,
}

impl Saved {
    fn beside(log: &Arc<dyn EventLog>) -> Meddled<Self> {
        let by = Self { log: Arc::clone(log), ahead: AtomicBool::new(false) };
        Meddled { inner: MemoryCheckpoints::default(), by }
    }
}

impl Meddler for Saved {
    fn save(
        &self,
        inner: &MemoryCheckpoints,
        partition: &Partition,
        snapshot: Snapshot,
    ) -> Result<(), CheckpointError> {
        let end = *self.log.high_watermark(partition).unwrap().borrow();
        self.ahead.fetch_or(snapshot.sequence > end, Ordering::SeqCst);
        inner.save(partition, snapshot)
    }
}

/// Sends until the command is honoured or refused by the rules; the same id each time.
async fn insist(router: &Router<Stock>, key: &str, order: &str, watched: &Watched) -> bool {
    loop {
        watched.outstanding.fetch_add(1, Ordering::SeqCst);
        let answer = router.execute(request(key, reserve(order, 1), named(order))).await;
        watched.outstanding.fetch_sub(1, Ordering::SeqCst);
        match answer {
            Ok(_) => return true,
            Err(Failure::Refused(_)) => return false,
            Err(Failure::KeyReused) => panic!("{order} was never sent with another body"),
            Err(_) => {}
        }
    }
}

async fn stock_up(router: &Router<Stock>, key: &str, units: i64) {
    while router.execute(request(key, adjust(units), named(&format!("up:{key}")))).await.is_err() {}
}

/// Twelve clients, each wanting twenty units of three products; how many they got.
async fn sell(router: &Router<Stock>, watched: &Arc<Watched>) -> i64 {
    let clients: Vec<_> = (0..12)
        .map(|client| {
            let (router, watched) = (router.clone(), Arc::clone(watched));
            tokio::spawn(async move {
                let mut sold = 0_i64;
                for n in 0..20 {
                    let order = format!("O{client}-{n}");
                    let key = format!("P{}", (client + n) % 3);
                    sold += i64::from(insist(&router, &key, &order, &watched).await);
                }
                sold
            })
        })
        .collect();
    let mut sold = 0;
    for client in clients {
        sold += client.await.unwrap();
    }
    sold
}

/// What a seed brought.
#[derive(Default)]
struct Brought {
    faults: u64,
    /// Failed appends behind which the next round was being decided.
    behind: u64,
}

/// Where the shard works: on a log that answers at once, or on one that lets it decide ahead.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Local,
    Remote,
}

async fn simulate(seed: u64, way: Way) -> Brought {
    let partitions = if way == Way::Local { 2 } else { 1 };
    let mut world = World::new(partitions);
    world.options = EngineOptions { checkpoint_events: 50, hot_aggregates: 2, ..world.options };
    let truth = Arc::clone(&world.log);
    let plan = FaultPlan::Seeded { seed, per_mille: 150 };
    let faulty = Arc::new(FaultyLog::new(Arc::clone(&truth), plan));
    let watched = Arc::new(Watched::default());
    world.log = faulty.clone();
    if way == Way::Remote {
        let wait = Wait::Look(Arc::clone(&watched));
        world.log = Arc::new(RemoteLog { inner: faulty.clone(), wait });
    }
    let saved = Arc::new(Saved::beside(&truth));
    let shards = start(&world, &saved, &watched).await;
    let router = shards.router();
    for key in ["P0", "P1", "P2"] {
        stock_up(&router, key, 40).await;
    }
    assert_eq!(sell(&router, &watched).await, 120, "240 wanted one of 120");
    faulty.heal();
    watched.hurry();
    shards.stop().await;
    let log: Arc<dyn EventLog> = truth;
    let events = history::<Stock>(&log, world.partitions).await;
    assert_eq!(events.len(), 123, "three deliveries and 120 reservations, each once");
    let again = start(&world, &saved, &watched).await;
    for key in ["P0", "P1", "P2"] {
        let current = again.router().read(key).await.unwrap();
        assert_eq!(current.state.balance().available(), 0);
    }
    again.stop().await;
    assert!(!saved.by.ahead.load(Ordering::SeqCst), "a checkpoint was ahead of the log");
    Brought {
        faults: count(faulty.injected()),
        behind: watched.failed_with_more_behind.load(Ordering::SeqCst),
    }
}

fn count(injected: Injected) -> u64 {
    let unknown = injected.indeterminate_written + injected.indeterminate_lost;
    injected.unavailable + unknown + injected.fenced
}

async fn start(
    world: &World,
    saved: &Arc<Meddled<Saved>>,
    watched: &Arc<Watched>,
) -> Shards<Stock> {
    let engine = Engine {
        log: Arc::clone(&world.log),
        checkpoints: saved.clone(),
        clock: Arc::new(WatchedClock(Arc::clone(watched), NOON)),
        producer: "test/1".into(),
        options: world.options,
        cluster: None,
        schemas: chimera_codec::SchemaIds::default(),
    };
    let shards = engine.start::<Stock>(world.partitions).unwrap();
    shards.serving().await.unwrap();
    shards
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_each_command_takes_effect_once() {
    let mut faults = 0;
    for seed in 1..=200 {
        faults += simulate(seed, Way::Local).await.faults;
    }
    assert!(faults > 500, "only {faults} faults: the simulation must be hard");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_with_a_round_decided_behind_it_each_command_takes_effect_once() {
    let (mut faults, mut behind) = (0, 0);
    for seed in 1..=200 {
        let brought = simulate(seed, Way::Remote).await;
        faults += brought.faults;
        behind += brought.behind;
    }
    assert!(faults > 500, "only {faults} faults: the simulation must be hard");
    assert!(
        behind > 100,
        "only {behind} of {faults} faults hit while more was decided behind them"
    );
}
