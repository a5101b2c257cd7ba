//! The shard under a log that fails: whatever happens, each acknowledged command took effect once, and nothing else did.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may break off")]

mod support;

use std::sync::Arc;

use chimera_domain::stock::Stock;
use chimera_engine::{EngineOptions, Failure, Router};
use chimera_log::{EventLog, FaultPlan, FaultyLog};
use support::{World, adjust, history, named, request, reserve};

/// Sends until the command is honoured or refused by the rules; the same id each time.
async fn insist(router: &Router<Stock>, key: &str, order: &str) -> bool {
    loop {
        match router.execute(request(key, reserve(order, 1), named(order))).await {
            Ok(_) => return true,
            Err(Failure::Refused(_)) => return false,
            Err(Failure::Unavailable(_) | Failure::Indeterminate | Failure::Saturated) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

async fn stock_up(router: &Router<Stock>, key: &str, units: i64) {
    while router.execute(request(key, adjust(units), named(&format!("up:{key}")))).await.is_err() {}
}

/// Twelve clients, each wanting twenty units of three products; how many they got.
async fn sell(router: &Router<Stock>) -> i64 {
    let clients: Vec<_> = (0..12)
        .map(|client| {
            let router = router.clone();
            tokio::spawn(async move {
                let mut sold = 0_i64;
                for n in 0..20 {
                    let order = format!("O{client}-{n}");
                    let key = format!("P{}", (client + n) % 3);
                    sold += i64::from(insist(&router, &key, &order).await);
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

/// How many faults the seed brought.
async fn simulate(seed: u64) -> u64 {
    let mut world = World::new(2);
    world.options = EngineOptions { checkpoint_events: 50, hot_aggregates: 2, ..world.options };
    let truth = Arc::clone(&world.log);
    let faulty =
        Arc::new(FaultyLog::new(Arc::clone(&truth), FaultPlan::Seeded { seed, per_mille: 150 }));
    world.log = faulty.clone();
    let shards = world.start::<Stock>().await;
    let router = shards.router();
    for key in ["P0", "P1", "P2"] {
        stock_up(&router, key, 40).await;
    }
    assert_eq!(sell(&router).await, 120, "240 wanted one of 120");
    faulty.heal();
    shards.stop().await;
    let log: Arc<dyn EventLog> = truth;
    let events = history::<Stock>(&log, 2).await;
    assert_eq!(events.len(), 123, "three deliveries and 120 reservations, each once");
    let injected = faulty.injected();
    let restarted = world.start::<Stock>().await;
    for key in ["P0", "P1", "P2"] {
        let current = restarted.router().read(key).await.unwrap();
        assert_eq!(current.state.balance().available(), 0);
    }
    injected.unavailable
        + injected.indeterminate_written
        + injected.indeterminate_lost
        + injected.fenced
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_each_command_takes_effect_once() {
    let mut faults = 0;
    for seed in 1..=200 {
        faults += simulate(seed).await;
    }
    assert!(faults > 500, "only {faults} faults: the simulation must be hard");
}
