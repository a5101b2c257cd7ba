//! Events that cannot be applied: what waits, what flows, in which order it heals, and what is kept of a drop.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use chimera_log::Partition;
use chimera_model::testing::{Shop, Tables};
use chimera_model::{Change, ReadModel, daily_revenue, order_status, orders_by_customer};
use chimera_stores::{StoreError, View};
use chimera_worker::{AskError, Class, Feeder, Limits, Positions, ShownEvent, Stores, Worker};
use support::garbling::Garbling;
use support::{MemoryStores, SMALL, Scripted, append_raw, catch_up, empty_log, feeder, log_of};

static MODELS: [&ReadModel; 2] = [&orders_by_customer::MODEL, &daily_revenue::MODEL];

/// A few orders and the place of one event: the `version`th of the order `key`.
struct Poisoned {
    history: Vec<Change>,
    garbling: Arc<Garbling>,
    stores: Arc<MemoryStores>,
    at: Partition,
    sequence: u64,
}

fn poisoned(key: &str, version: u64, script: impl IntoIterator<Item = Scripted>) -> Poisoned {
    let history = Shop::of_orders(6);
    let poison = history
        .iter()
        .find(|change| &**change.key() == key && change.meta().aggregate_version == version)
        .unwrap();
    let (at, sequence) =
        (Partition::new(poison.stream(), poison.partition()), poison.meta().sequence);
    let log = log_of(&history);
    let garbling = Garbling::at(&log, [(at.clone(), sequence)]);
    Poisoned { history, garbling, stores: MemoryStores::scripted(script), at, sequence }
}

impl Poisoned {
    fn feeder(&self) -> Feeder {
        let stores = self.stores.clone();
        let stores = Stores { rows: stores.clone(), kv: stores.clone(), search: stores };
        Feeder::new(self.garbling.clone(), stores, SMALL).unwrap()
    }

    async fn fed(&self, model: &'static ReadModel) {
        catch_up(&self.feeder(), model, &Positions::default()).await.unwrap();
    }

    fn holds(&self, model: &'static ReadModel) -> Tables {
        self.stores.tables(View::new(model.name, 1)).without_healings()
    }

    /// Does something until it has been done without a death of the stores.
    async fn lives<F: Future<Output = ()>>(&self, what: impl Fn() -> F) {
        loop {
            tokio::select! {
                () = what() => return,
                () = self.stores.died.notified() => {}
            }
        }
    }

    /// All of the history but what waits of the poisoned order.
    fn flowing(&self, key: &str, from: u64) -> Vec<Change> {
        let waits =
            |change: &Change| &**change.key() == key && change.meta().aggregate_version >= from;
        self.history.iter().filter(|change| !waits(change)).cloned().collect()
    }
}

#[tokio::test]
async fn the_poisoned_aggregate_waits_from_its_event_on_and_all_others_flow() {
    for model in MODELS {
        let poisoned = poisoned("O-3", 4, []);
        poisoned.fed(model).await;
        let expected = Tables::after(model, &poisoned.flowing("O-3", 4));
        assert_eq!(poisoned.holds(model), expected, "{}", model.name);
        let view = View::new(model.name, 1);
        let letters = poisoned.feeder().dead_letters();
        let waiting = letters.aggregates(view, &poisoned.at).await.unwrap();
        let [aggregate] = &waiting[..] else { panic!("{waiting:?}") };
        assert_eq!((&*aggregate.first.key, aggregate.first.class), ("O-3", Class::Undecodable));
        assert_eq!((aggregate.first.sequence, aggregate.first.attempts), (poisoned.sequence, 1));
        let shown = letters.show(model, view, "O-3", 100).await.unwrap();
        assert!(matches!(shown[0].event, ShownEvent::Raw { bytes: 5, .. }), "{:?}", shown[0]);
        for later in &shown[1..] {
            assert_eq!(later.letter.class, Class::Waiting);
            assert!(
                matches!(&later.event, ShownEvent::Decoded { content, .. } if content.is_object())
            );
        }
        assert!(shown.is_sorted_by_key(|shown| shown.letter.sequence));
    }
}

#[tokio::test]
async fn what_waits_heals_in_order_once_it_can_be_read_and_is_as_if_nothing_had_happened() {
    for model in MODELS {
        let poisoned = poisoned("O-3", 4, []);
        poisoned.fed(model).await;
        poisoned.garbling.fix();
        let (feeder, view) = (poisoned.feeder(), View::new(model.name, 1));
        feeder.dead_letters().retry(model, view, "O-3", "ann").await.unwrap();
        feeder.carry_out_requests(&feeder.target(model, 1)).await.unwrap();
        assert_eq!(
            poisoned.holds(model),
            Tables::after(model, &poisoned.history),
            "{}",
            model.name
        );
        assert_eq!(feeder.dead_letters().totals(model, view).await, Ok((0, 0)));
        let audit = feeder.dead_letters().audit(model, 10).await.unwrap();
        assert_eq!((audit.len(), &*audit[0].asked_by), (1, "ann"));
        assert!(audit[0].outcome.is_some() && audit[0].done_at.is_some());
    }
}

#[tokio::test]
async fn what_fails_again_goes_on_waiting_and_counts_its_attempts() {
    for model in MODELS {
        let poisoned = poisoned("O-3", 4, []);
        poisoned.fed(model).await;
        let before = poisoned.holds(model);
        let (feeder, view) = (poisoned.feeder(), View::new(model.name, 1));
        for _ in 0..2 {
            feeder.dead_letters().retry_all(model, view, "ann").await.unwrap();
            feeder.carry_out_requests(&feeder.target(model, 1)).await.unwrap();
        }
        let waiting = feeder.dead_letters().aggregates(view, &poisoned.at).await.unwrap();
        assert_eq!(waiting[0].first.attempts, 3);
        assert_eq!(poisoned.holds(model), before, "nothing of it was applied");
    }
}

#[tokio::test]
async fn a_dropped_event_stays_out_for_ever_and_what_is_behind_it_waits_until_it_is_tried() {
    for model in MODELS {
        let poisoned = poisoned("O-3", 4, []);
        poisoned.fed(model).await;
        let (feeder, view) = (poisoned.feeder(), View::new(model.name, 1));
        let letters = feeder.dead_letters();
        let waiting = letters.totals(model, view).await.unwrap().1;
        let why = ("ann", "a test order");
        assert_eq!(letters.drop_events((model, view), "O-3", false, why).await, Ok(1));
        feeder.carry_out_requests(&feeder.target(model, 1)).await.unwrap();
        assert_eq!(letters.totals(model, view).await.unwrap().1, waiting - 1);
        letters.retry(model, view, "O-3", "ann").await.unwrap();
        feeder.carry_out_requests(&feeder.target(model, 1)).await.unwrap();
        let dropped =
            |change: &&Change| &**change.key() != "O-3" || change.meta().aggregate_version != 4;
        let expected = Tables::after(model, poisoned.history.iter().filter(dropped));
        assert_eq!(poisoned.holds(model), expected, "{}", model.name);
        let audit = letters.audit(model, 10).await.unwrap();
        let drop = audit.iter().find(|line| line.reason == "a test order").unwrap();
        assert_eq!((drop.upto, &*drop.asked_by), (Some(poisoned.sequence), "ann"));
        // Everything is read once more, by a release that could read it.
        poisoned.garbling.fix();
        poisoned.stores.forget_checkpoints(view);
        poisoned.fed(model).await;
        assert_eq!(poisoned.holds(model), expected, "{}: read again", model.name);
    }
}

#[tokio::test]
async fn what_is_not_there_cannot_be_tried_or_dropped() {
    let poisoned = poisoned("O-3", 4, []);
    let (model, view) = (MODELS[0], View::new(MODELS[0].name, 1));
    poisoned.fed(model).await;
    let letters = poisoned.feeder().dead_letters();
    let missing = Err(AskError::NotParked { view, key: "O-4".into() });
    assert_eq!(letters.retry(model, view, "O-4", "ann").await, missing);
    assert_eq!(letters.drop_events((model, view), "O-4", true, ("ann", "?")).await, missing);
}

#[tokio::test]
async fn an_event_that_the_store_refuses_is_found_and_waits_alone() {
    let history = Shop::of_orders(6);
    let paid = history.iter().find(|change| change.event_type().ends_with(".paid.v1")).unwrap();
    let day = paid.meta().occurred_at.date();
    for (model, refused) in [(&order_status::MODEL, "O-3"), (&daily_revenue::MODEL, &*day)] {
        let stores = MemoryStores::scripted([]);
        stores.refuse(refused);
        let feeder = feeder(&log_of(&history), &stores, Limits::LIVE);
        catch_up(&feeder, model, &Positions::default()).await.unwrap();
        let view = View::new(model.name, 1);
        let (aggregates, _) = feeder.dead_letters().totals(model, view).await.unwrap();
        assert!((1..6).contains(&aggregates), "{aggregates} of {}", model.name);
        let retried = async || {
            feeder.dead_letters().retry_all(model, view, "ann").await.unwrap();
            feeder.carry_out_requests(&feeder.target(model, 1)).await.unwrap();
            feeder.dead_letters().totals(model, view).await.unwrap().0
        };
        assert_eq!(retried().await, aggregates, "{} refuses still", model.name);
        stores.refuse("");
        assert_eq!(retried().await, 0, "{}", model.name);
        let holds = stores.tables(view).without_healings();
        assert_eq!(holds, Tables::after(model, &history), "{}", model.name);
    }
}

#[tokio::test]
async fn a_type_that_this_release_does_not_know_is_not_passed_over() {
    let (log, stores) = (empty_log(), MemoryStores::scripted([]));
    let at = Partition::new("ecommerce.order.order", 0);
    append_raw(&log, &at, "ecommerce.order.order.split.v1", b"of a newer release");
    let feeder = feeder(&log, &stores, SMALL);
    catch_up(&feeder, &daily_revenue::MODEL, &Positions::default()).await.unwrap();
    let view = View::new("daily_revenue", 1);
    let waiting = feeder.dead_letters().aggregates(view, &at).await.unwrap();
    assert_eq!(waiting[0].first.event_type, "ecommerce.order.order.split.v1");
    assert_eq!(stores.checkpoint(view, &at), Some(1), "the checkpoint passes what is parked");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_comes_back_without_its_last_writes_gets_them_again() {
    let transient = || Scripted::Fail(StoreError::Transient("restarting".into()));
    for model in MODELS {
        for lost in [Scripted::GoBack, Scripted::Fail(StoreError::WentBack("epoch".into()))] {
            let (history, many) = (Shop::of_orders(6), 4);
            let script = std::iter::repeat_n(Scripted::Pass, many).chain([lost, transient()]);
            let stores = MemoryStores::scripted(script);
            let feeder = feeder(&log_of(&history), &stores, SMALL);
            // The second time for a partition that had come to its end before.
            for _ in 0..2 {
                catch_up(&feeder, model, &Positions::default()).await.unwrap();
            }
            let holds = stores.tables(View::new(model.name, 1));
            assert_eq!(holds, Tables::after(model, &history), "{}", model.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_goes_back_while_nothing_happens_is_filled_again_by_itself() {
    let (model, history, stores) = (MODELS[1], Shop::of_orders(6), MemoryStores::scripted([]));
    let feeder = feeder(&log_of(&history), &stores, SMALL);
    let (worker, view) = (Worker::new(feeder, stores.generations()), View::new(model.name, 1));
    let running = tokio::spawn(async move { worker.run(model).await });
    let whole = Tables::after(model, &history);
    for _ in 0..2 {
        while stores.tables(view) != whole {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stores.go_back(view);
    }
    running.abort();
}

/// Dies at every single call of the store, first while the view is fed, then while its letters are tried.
#[tokio::test]
async fn killed_at_any_call_of_the_store_what_waits_heals_in_order() {
    for model in MODELS {
        for written in [0, 1] {
            let mut call = 0;
            while !died_at(model, call, written).await {
                call += 1;
            }
            assert!(call > 10, "{call} calls are too few for a story");
        }
    }
}

/// Says whether the story came to its end before that call.
async fn died_at(model: &'static ReadModel, call: usize, written: usize) -> bool {
    let script = std::iter::repeat_n(Scripted::Pass, call).chain([Scripted::DieAfter(written)]);
    let poisoned = poisoned("O-3", 4, script);
    let view = View::new(model.name, 1);
    poisoned.lives(|| poisoned.fed(model)).await;
    let left_out = Tables::after(model, &poisoned.flowing("O-3", 4));
    assert_eq!(poisoned.holds(model), left_out, "{} died at call {call}", model.name);
    poisoned.garbling.fix();
    let ask = || async {
        let asked = poisoned.feeder().dead_letters().retry_all(model, view, "ann").await;
        asked.unwrap();
    };
    poisoned.lives(ask).await;
    let carry_out = || async {
        let feeder = poisoned.feeder();
        feeder.carry_out_requests(&feeder.target(model, 1)).await.unwrap();
    };
    poisoned.lives(carry_out).await;
    let whole = Tables::after(model, &poisoned.history);
    assert_eq!(poisoned.holds(model), whole, "{} died at call {call}", model.name);
    let (aggregates, _) = poisoned.feeder().dead_letters().totals(model, view).await.unwrap();
    assert_eq!(aggregates, 0, "{} died at call {call}", model.name);
    !poisoned.stores.script.lock().unwrap().is_empty()
}
