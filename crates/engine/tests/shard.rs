//! What a shard promises to whoever sends it commands.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may break off")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use chimera_domain::stock::{Rejection, Stock};
use chimera_domain::time::{MINUTE, Timestamp};
use chimera_engine::{CheckpointStore, CommandId, EngineOptions, Failure, Phase};
use chimera_log::Partition;
use support::{NOON, World, adjust, history, named, request, reserve};

#[tokio::test]
async fn a_command_is_answered_with_the_place_of_its_event() {
    let world = World::new(1);
    let shards = world.start::<Stock>().await;
    let router = shards.router();
    let receipt = router.execute(request("P", adjust(5), named("1"))).await.unwrap();
    assert_eq!(receipt.position.to_string(), "ecommerce.inventory.stock/0/1");
    assert_eq!((receipt.version, receipt.events.len()), (1, 1));
    let events = history::<Stock>(&world.log, 1).await;
    let meta = &events[0].meta;
    assert_eq!((&*meta.command_id, &*meta.correlation_id), ("1", "correlation"));
    assert_eq!((meta.occurred_at, meta.recorded_at), (NOON, NOON));
}

#[tokio::test]
async fn the_same_command_again_appends_nothing_and_gives_the_same_place() {
    let world = World::new(1);
    let shards = world.start::<Stock>().await;
    let router = shards.router();
    let first = router.execute(request("P", adjust(5), named("1"))).await.unwrap();
    router.execute(request("P", adjust(1), named("2"))).await.unwrap();
    let again = router.execute(request("P", adjust(5), named("1"))).await.unwrap();
    assert_eq!((again.position, again.version), (first.position, first.version));
    assert!(again.events.is_empty());
    assert_eq!(router.read("P").await.unwrap().state.balance().on_hand, 6);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused_even_after_a_restart() {
    let world = World::new(1);
    let key = |body: &[u8]| CommandId::from_key("stock", "k1", body);
    for _ in 0..3 {
        let shards = world.start::<Stock>().await;
        let router = shards.router();
        router.execute(request("P", adjust(5), key(b"5"))).await.unwrap();
        let other = router.execute(request("P", adjust(6), key(b"6"))).await;
        assert_eq!(other, Err(Failure::KeyReused));
        shards.stop().await;
    }
    assert_eq!(history::<Stock>(&world.log, 1).await.len(), 1);
}

#[tokio::test]
async fn a_refusal_appends_nothing() {
    let world = World::new(1);
    let shards = world.start::<Stock>().await;
    let refused = shards.router().execute(request("P", reserve("A", 1), named("1"))).await;
    assert_eq!(refused, Err(Failure::Refused(Rejection::Insufficient { asked: 1, available: 0 })));
    assert!(history::<Stock>(&world.log, 1).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_queue_together_see_each_other_and_share_commits() {
    let world = World::new(1);
    let shards = world.start::<Stock>().await;
    let router = shards.router();
    router.execute(request("P", adjust(100), named("stock"))).await.unwrap();
    let clients: Vec<_> = (0..300)
        .map(|n| {
            let router = router.clone();
            let order = format!("O{n}");
            tokio::spawn(async move {
                router.execute(request("P", reserve(&order, 1), named(&order))).await.is_ok()
            })
        })
        .collect();
    let mut sold = 0;
    for client in clients {
        sold += u32::from(client.await.unwrap());
    }
    assert_eq!(sold, 100);
    let current = router.read("P").await.unwrap();
    assert_eq!((current.state.balance().available(), current.version), (0, 101));
}

#[tokio::test]
async fn a_restart_finds_everything_with_or_without_a_checkpoint() {
    let mut world = World::new(3);
    world.options = EngineOptions { checkpoint_events: 7, hot_aggregates: 4, ..world.options };
    for round in 0..4_i64 {
        let shards = world.start::<Stock>().await;
        let router = shards.router();
        for n in 0..40 {
            let key = format!("P{n}");
            let before = router.read(&key).await.unwrap();
            assert_eq!(before.state.balance().on_hand, round * 5, "{key}");
            let id = named(&format!("{round}:{n}"));
            router.execute(request(&key, adjust(5), id)).await.unwrap();
        }
        shards.stop().await;
        if round == 1 {
            for index in 0..3 {
                let partition = Partition::new("ecommerce.inventory.stock", index);
                world.checkpoints.clear(&partition).unwrap();
            }
        }
    }
    assert_eq!(history::<Stock>(&world.log, 3).await.len(), 160);
}

#[tokio::test]
async fn a_checkpoint_of_another_log_is_not_believed() {
    let mut world = World::new(1);
    let shards = world.start::<Stock>().await;
    shards.router().execute(request("P", adjust(5), named("1"))).await.unwrap();
    shards.stop().await;
    world.log = support::memory_log("ecommerce.inventory.stock", 1);
    let shards = world.start::<Stock>().await;
    assert_eq!(shards.router().read("P").await.unwrap().version, 0);
    shards.router().execute(request("P", adjust(2), named("1"))).await.unwrap();
    shards.stop().await;
    let shards = world.start::<Stock>().await;
    assert_eq!(shards.router().read("P").await.unwrap().state.balance().on_hand, 2);
}

#[tokio::test]
async fn whoever_waits_for_an_aggregate_is_told_when_it_moves_on() {
    let world = World::new(1);
    let shards = world.start::<Stock>().await;
    let router = shards.router();
    let waiting = tokio::spawn({
        let router = router.clone();
        async move { router.read_past("P", 1).await.unwrap() }
    });
    router.execute(request("P", adjust(5), named("1"))).await.unwrap();
    router.execute(request("Q", adjust(5), named("2"))).await.unwrap();
    assert!(!waiting.is_finished());
    router.execute(request("P", adjust(2), named("3"))).await.unwrap();
    let current = waiting.await.unwrap();
    assert_eq!((current.version, current.state.balance().on_hand), (2, 7));
}

#[tokio::test]
async fn a_full_mailbox_is_refused_at_once() {
    let mut world = World::new(1);
    world.options = EngineOptions { mailbox: 1, ..world.options };
    let shards = world.start::<Stock>().await;
    let router = shards.router();
    let commands: Vec<_> =
        (0..64).map(|n| router.execute(request("P", adjust(1), named(&n.to_string())))).collect();
    let mut answers = Vec::new();
    let mut running: Vec<_> = commands.into_iter().map(Box::pin).collect();
    let first_poll = std::future::poll_fn(|context| {
        for command in &mut running {
            if let std::task::Poll::Ready(answer) = command.as_mut().poll(context) {
                answers.push(answer);
            }
        }
        std::task::Poll::Ready(())
    });
    first_poll.await;
    assert!(answers.contains(&Err(Failure::Saturated)));
}

#[tokio::test]
async fn a_stopped_shard_says_so() {
    let world = World::new(1);
    let shards = world.start::<Stock>().await;
    let (router, statuses) = (shards.router(), shards.statuses());
    shards.stop().await;
    let answer = router.execute(request("P", adjust(1), named("1"))).await;
    assert_eq!(answer, Err(Failure::NotOwner(Partition::new("ecommerce.inventory.stock", 0))));
    assert!(matches!(statuses[0].borrow().phase, Phase::Ended(_)));
}

mod timers {
    use super::*;
    use chimera_domain::ids::{CustomerId, ProductId};
    use chimera_domain::money::{Currency, Money};
    use chimera_domain::order::{
        Address, CancelReason, Charges, Command, Event, LineRequest, Order, Placing, Status,
    };
    use chimera_domain::product::Offer;

    fn place(window: Option<i64>) -> Command {
        let price = Money { amount: "2.50".parse().unwrap(), currency: Currency::GBP };
        let offer =
            Offer { title: "Lantern".into(), price, stock_tracked: true, discontinued: false };
        Command::Place(Box::new(Placing {
            customer: CustomerId::try_from("c1").unwrap(),
            lines: vec![LineRequest {
                product: ProductId::try_from("P1").unwrap(),
                quantity: 2,
                offer: Some(offer),
                price_override: None,
            }],
            currency: Currency::GBP,
            charges: Charges::default(),
            shipping_address: Address { country: "UK".into(), ..Address::default() },
            may_override_prices: false,
            payment_window: window,
        }))
    }

    #[tokio::test]
    async fn an_unpaid_order_expires_at_its_time_even_after_a_restart() {
        let world = World::of::<Order>(2);
        let shards = world.start::<Order>().await;
        let router = shards.router();
        router.execute(request("O1", place(Some(30 * MINUTE)), named("1"))).await.unwrap();
        router.execute(request("O2", place(None), named("2"))).await.unwrap();
        shards.stop().await;
        let shards = world.start::<Order>().await;
        let router = shards.router();
        assert_eq!(router.read("O1").await.unwrap().version, 1);
        world.clock.set(NOON.plus(31 * MINUTE));
        let expired = router.read_past("O1", 1).await.unwrap();
        assert_eq!(expired.state.placed().unwrap().head.status, Status::Canceled);
        assert_eq!(router.read("O2").await.unwrap().version, 1);
        let events = history::<Order>(&world.log, 2).await;
        let canceled = events.iter().find(|event| event.meta.aggregate_version == 2).unwrap();
        assert!(matches!(canceled.event, Event::Canceled { reason: CancelReason::Expired, .. }));
        assert_eq!(canceled.meta.occurred_at, NOON.plus(30 * MINUTE));
    }

    #[tokio::test]
    async fn commands_older_than_a_day_may_be_forgotten() {
        let world = World::new(1);
        let shards = world.start::<Stock>().await;
        shards.router().execute(request("P", adjust(1), named("old"))).await.unwrap();
        shards.stop().await;
        world.clock.set(Timestamp(NOON.0 + 2 * chimera_domain::time::DAY));
        for id in ["a", "b"] {
            let shards = world.start::<Stock>().await;
            shards.router().execute(request("P", adjust(1), named(id))).await.unwrap();
            shards.stop().await;
        }
        let partition = Partition::new("ecommerce.inventory.stock", 0);
        let remembered =
            |id: &str| world.checkpoints.command(&partition, named(id).hash()).unwrap().is_some();
        assert!(!remembered("old"));
        assert!(remembered("a") && remembered("b"));
    }
}

#[tokio::test]
async fn a_deadline_is_the_callers_own() {
    let world = World::new(1);
    let shards = world.start::<Stock>().await;
    let router = Arc::new(shards.router());
    let waited =
        tokio::time::timeout(Duration::from_millis(20), router.read_past("nobody", 0)).await;
    assert!(waited.is_err());
}
