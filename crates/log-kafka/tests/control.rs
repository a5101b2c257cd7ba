//! The control topic keeps the contract, and two processes that decide at once do not overtake each other unseen. Needs a broker.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure is a failed test")]

mod stack;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chimera_log::contract::{controls_keep_the_contract, keeps_what_was_decided};
use chimera_log::{Control, ControlError, Decision};
use chimera_log_kafka::{KafkaControl, KafkaSettings};
use tokio::time::timeout;

fn open(settings: KafkaSettings) -> KafkaControl {
    stack::open(settings).control().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_is_kept() {
    let Some(stack) = stack::find() else { return };
    controls_keep_the_contract(|| Arc::new(open(stack.fresh()))).await;
}

#[test]
fn everything_is_there_after_reopening() {
    let Some(stack) = stack::find() else { return };
    let settings = stack.fresh();
    keeps_what_was_decided(Arc::new(open(settings.clone())), |control| {
        drop(control);
        Arc::new(open(settings))
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_decides_the_others_hear() {
    let Some(stack) = stack::find() else { return };
    let settings = stack.fresh();
    let (one, other) = (open(settings.clone()), open(settings));
    let mut heard = other.known();
    one.decide(&decision(None, "1")).unwrap();
    let heard = heard.wait_for(|known| known.get("a").is_some_and(|word| &**word == "1"));
    timeout(Duration::from_secs(10), heard).await.unwrap().unwrap();
}

/// Every decision answers the one before: none is lost, and none is taken for granted that was overtaken.
#[test]
fn of_many_at_once_each_follows_the_one_before() {
    let Some(stack) = stack::find() else { return };
    let settings = stack.fresh();
    let controls = [open(settings.clone()), open(settings.clone()), open(settings.clone())];
    let decided: u64 = thread::scope(|scope| {
        let each = controls.iter().map(|control| scope.spawn(|| count_on(control, 4)));
        let each: Vec<_> = each.collect();
        each.into_iter().map(|one| one.join().unwrap()).sum()
    });
    let last = open(settings).known().borrow().get("a").unwrap().parse::<u64>().unwrap();
    assert_eq!(last, decided);
}

/// Counts on from what holds, so often; how often that was decided.
fn count_on(control: &KafkaControl, times: u32) -> u64 {
    let mut decided = 0;
    for _ in 0..times {
        loop {
            let known = control.known().borrow().get("a").cloned();
            let next = known.as_deref().map_or(0, |known| known.parse::<u64>().unwrap()) + 1;
            match control.decide(&decision(known.as_deref(), &next.to_string())) {
                Ok(()) => break,
                // Nothing was decided.
                Err(ControlError::Overtaken(_) | ControlError::Unavailable(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        decided += 1;
    }
    decided
}

fn decision(known: Option<&str>, word: &str) -> Decision {
    Decision { key: "a".into(), known: known.map(Into::into), word: Some(word.into()) }
}
