//! Checkpoints are a cache: whatever happens to them, the shard serves what the log says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use chimera_domain::stock::Stock;
use chimera_engine::{
    CheckpointError, CheckpointStore, Engine, EngineOptions, Failure, MemoryCheckpoints, Restored,
    Shards, Snapshot,
};
use chimera_log::{Fault, FaultPlan, FaultyLog, Partition};
use support::checkpoints::{Meddled, Meddler};
use support::{World, adjust, history, named, request};

/// Makes checkpoints go wrong on purpose.
#[derive(Default)]
struct Failing {
    every_second_save_fails: bool,
    saves: AtomicU32,
    states_are_damaged: AtomicBool,
    /// Every save is interrupted before the head is written.
    saves_are_interrupted: AtomicBool,
    ahead_until: AtomicU64,
    clears: AtomicU32,
}

type Unreliable = Meddled<Failing>;

impl Meddler for Failing {
    fn restored(&self, restored: Restored) -> Restored {
        Restored { ahead_until: self.ahead_until.load(Ordering::SeqCst), ..restored }
    }

    fn reading(&self, partition: &Partition) -> Result<(), CheckpointError> {
        if self.states_are_damaged.load(Ordering::SeqCst) {
            let (partition, reason) = (partition.clone(), "a flipped bit".to_owned());
            return Err(CheckpointError::Damaged { partition, reason });
        }
        Ok(())
    }

    fn save(
        &self,
        inner: &MemoryCheckpoints,
        partition: &Partition,
        snapshot: Snapshot,
    ) -> Result<(), CheckpointError> {
        let number = self.saves.fetch_add(1, Ordering::SeqCst);
        if self.every_second_save_fails && number.is_multiple_of(2) {
            return Err(CheckpointError::Unavailable("the disk is full".to_owned()));
        }
        if self.saves_are_interrupted.load(Ordering::SeqCst) {
            self.ahead_until.fetch_max(snapshot.sequence, Ordering::SeqCst);
            let Restored { sequence, event_id, .. } = inner.restore(partition, snapshot.format)?;
            inner.save(partition, Snapshot { sequence, event_id, ..snapshot })?;
            return Err(CheckpointError::Unavailable("interrupted".to_owned()));
        }
        inner.save(partition, snapshot)
    }

    fn clearing(&self) {
        self.clears.fetch_add(1, Ordering::SeqCst);
        self.states_are_damaged.store(false, Ordering::SeqCst);
    }
}

async fn start(world: &World, checkpoints: &Arc<Unreliable>) -> Shards<Stock> {
    let engine = Engine {
        log: Arc::clone(&world.log),
        checkpoints: checkpoints.clone(),
        clock: world.clock.clone(),
        producer: "test/1".into(),
        schemas: chimera_codec::SchemaIds::default(),
        options: world.options,
        cluster: None,
    };
    let shards = engine.start::<Stock>(world.partitions).unwrap();
    shards.serving().await.unwrap();
    shards
}

fn small_steps() -> World {
    let mut world = World::new(1);
    world.options = EngineOptions { checkpoint_events: 3, hot_aggregates: 2, ..world.options };
    world
}

async fn deliver(shards: &Shards<Stock>, round: u32) {
    for n in 0..10 {
        let id = named(&format!("{round}:{n}"));
        let key = format!("P{n}");
        shards.router().execute(request(&key, adjust(1), id)).await.unwrap();
    }
}

async fn assert_on_hand(shards: &Shards<Stock>, expected: i64) {
    for n in 0..10 {
        let current = shards.router().read(&format!("P{n}")).await.unwrap();
        assert_eq!(current.state.balance().on_hand, expected, "P{n}");
    }
}

#[tokio::test]
async fn a_save_that_fails_loses_nothing_of_the_next_one() {
    let world = small_steps();
    let by = Failing { every_second_save_fails: true, ..Failing::default() };
    let checkpoints = Arc::new(Unreliable { by, ..Unreliable::default() });
    for round in 0..6 {
        let shards = start(&world, &checkpoints).await;
        assert_on_hand(&shards, i64::from(round)).await;
        deliver(&shards, round).await;
        shards.stop().await;
        if round == 3 {
            let partition = Partition::new("ecommerce.inventory.stock", 0);
            checkpoints.clear(&partition).unwrap();
        }
    }
    assert_eq!(history::<Stock>(&world.log, 1).await.len(), 60);
}

#[tokio::test]
async fn states_that_an_interrupted_save_left_ahead_are_not_folded_twice() {
    let world = small_steps();
    let checkpoints = Arc::new(Unreliable::default());
    for round in 0..4 {
        // Rounds 1 and 2 save states and commands, and not how far they reach.
        let interrupted = [1, 2].contains(&round);
        let shards = start(&world, &checkpoints).await;
        checkpoints.by.saves_are_interrupted.store(interrupted, Ordering::SeqCst);
        assert_on_hand(&shards, i64::from(round)).await;
        deliver(&shards, round).await;
        deliver(&shards, round).await;
        assert_on_hand(&shards, i64::from(round) + 1).await;
        shards.stop().await;
        checkpoints.by.saves_are_interrupted.store(false, Ordering::SeqCst);
    }
    assert_on_hand(&start(&world, &checkpoints).await, 4).await;
    assert_eq!(history::<Stock>(&world.log, 1).await.len(), 40);
    // Only where nothing was saved yet.
    assert_eq!(checkpoints.by.clears.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_damaged_state_is_rebuilt_from_the_log_while_serving() {
    let world = small_steps();
    let checkpoints = Arc::new(Unreliable::default());
    let shards = start(&world, &checkpoints).await;
    deliver(&shards, 0).await;
    shards.stop().await;
    let shards = start(&world, &checkpoints).await;
    checkpoints.by.states_are_damaged.store(true, Ordering::SeqCst);
    let refused = shards.router().execute(request("P3", adjust(1), named("again"))).await;
    assert!(matches!(refused, Err(Failure::Unavailable(_))), "{refused:?}");
    shards.router().execute(request("P3", adjust(1), named("again"))).await.unwrap();
    assert_eq!(shards.router().read("P3").await.unwrap().state.balance().on_hand, 2);
}

#[tokio::test]
async fn a_damaged_state_found_in_recovery_is_rebuilt_from_the_log() {
    let world = small_steps();
    let checkpoints = Arc::new(Unreliable::default());
    let shards = start(&world, &checkpoints).await;
    deliver(&shards, 0).await;
    shards.stop().await;
    // A tail beyond the checkpoint, so that recovery has to look at a saved state.
    let other = Arc::new(Unreliable::default());
    let shards = start(&world, &other).await;
    deliver(&shards, 1).await;
    shards.stop().await;
    checkpoints.by.states_are_damaged.store(true, Ordering::SeqCst);
    let shards = start(&world, &checkpoints).await;
    assert_on_hand(&shards, 2).await;
}

#[tokio::test]
async fn a_key_that_was_reused_stays_refused_when_the_commit_beside_it_fails() {
    let mut world = World::new(1);
    let plan = [None, Some(Fault::Unavailable)].into();
    world.log = Arc::new(FaultyLog::new(Arc::clone(&world.log), FaultPlan::Scripted(plan)));
    let shards = start(&world, &Arc::default()).await;
    let router = shards.router();
    let key = |body: &[u8]| chimera_engine::CommandId::from_key("s", "k", body);
    router.execute(request("P", adjust(1), key(b"1"))).await.unwrap();
    let both = (
        router.execute(request("P", adjust(5), named("other"))),
        router.execute(request("P", adjust(2), key(b"2"))),
    );
    let (_, reused) = tokio::join!(both.0, both.1);
    assert_eq!(reused, Err(Failure::KeyReused));
}
