//! A shard that decides ahead of a slow log: nothing is answered, shown or saved before it is committed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use chimera_domain::stock::{Rejection, Stock};
use chimera_engine::{CommandId, Current, EngineOptions, Failure, Receipt, Router, Shards};
use chimera_log::{Fault, FaultPlan, FaultyLog};
use support::remote::{Gate, RemoteLog, Wait};
use support::{World, adjust, history, named, request, reserve};

type Answer = Result<Receipt<Stock>, Failure<Rejection>>;
type Soon<T> = Pin<Box<dyn Future<Output = T>>>;
type Sent = Soon<Answer>;

/// A shard on a log behind a gate, with faults at the appends that the script names. Its mailbox holds one message, so that
/// whoever got a second one in knows that the shard has taken the first.
async fn behind(gate: &Arc<Gate>, script: &[Option<Fault>]) -> (World, Shards<Stock>) {
    let mut world = World::new(1);
    let tick = std::time::Duration::from_hours(1);
    world.options = EngineOptions { mailbox: 1, tick, ..world.options };
    let plan = FaultPlan::Scripted(script.to_vec().into());
    let faulty = Arc::new(FaultyLog::new(Arc::clone(&world.log), plan));
    let truth = std::mem::replace(
        &mut world.log,
        Arc::new(RemoteLog { inner: faulty, wait: Wait::Gate(Arc::clone(gate)) }),
    );
    let shards = world.start::<Stock>().await;
    world.log = truth;
    (world, shards)
}

/// Sends a command and does not wait for its answer. Only while the gate is closed: an open one may answer at once.
async fn send(router: &Router<Stock>, key: &str, units: i64, id: CommandId) -> Sent {
    loop {
        let (router, request) = (router.clone(), request(key, adjust(units), id.clone()));
        let mut sent: Sent = Box::pin(async move { router.execute(request).await });
        match poll(&mut sent).await {
            Poll::Ready(Err(Failure::Saturated)) => tokio::task::yield_now().await,
            Poll::Ready(answer) => panic!("answered before its commit: {answer:?}"),
            Poll::Pending => return sent,
        }
    }
}

/// Asks for the first version of `P`; the shard has the question when this returns.
async fn wait_for_the_first(router: &Router<Stock>) -> Soon<Current<Stock>> {
    let waiting = router.clone();
    let mut waiting: Soon<Current<Stock>> =
        Box::pin(async move { waiting.read_past("P", 0).await.unwrap() });
    assert!(poll(&mut waiting).await.is_pending());
    router.read("nobody").await.unwrap();
    waiting
}

async fn poll<T>(sent: &mut Soon<T>) -> Poll<T> {
    std::future::poll_fn(|context| Poll::Ready(sent.as_mut().poll(context))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_decided_ahead_is_answered_or_shown_before_its_commit() {
    let gate = Arc::new(Gate::default());
    let (world, shards) = behind(&gate, &[]).await;
    let router = shards.router();
    gate.close();
    let first = send(&router, "P", 5, named("1")).await;
    gate.await_arrivals(1);
    let mut second = send(&router, "P", 7, named("2")).await;
    let asking = router.clone();
    let read = tokio::spawn(async move { asking.read("P").await.unwrap() });
    // The shard has taken the second command and the read when this has found room.
    let mut third = send(&router, "Q", 1, named("3")).await;
    assert!(poll(&mut second).await.is_pending() && poll(&mut third).await.is_pending());
    assert!(!read.is_finished());
    assert!(history::<Stock>(&world.log, 1).await.is_empty());
    gate.open();
    assert_eq!(first.await.unwrap().position.sequence, 1);
    assert_eq!(second.await.unwrap().position.sequence, 2);
    assert_eq!(third.await.unwrap().position.sequence, 3);
    let shown = read.await.unwrap();
    let end = history::<Stock>(&world.log, 1).await.len() as u64;
    assert_eq!(shown.state.balance().on_hand, 12);
    assert!(shown.version == 2 && shown.position.sequence <= end);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_told_of_the_committed_state_although_a_later_one_is_decided() {
    let gate = Arc::new(Gate::default());
    let (_, shards) = behind(&gate, &[]).await;
    let router = shards.router();
    let mut moved_on = wait_for_the_first(&router).await;
    gate.close();
    let first = send(&router, "P", 5, named("1")).await;
    gate.await_arrivals(1);
    let second = send(&router, "P", 7, named("2")).await;
    let third = send(&router, "P", 1, named("3")).await;
    assert!(poll(&mut moved_on).await.is_pending());
    gate.open();
    for sent in [first, second, third] {
        sent.await.unwrap();
    }
    let current = moved_on.await;
    assert_eq!((current.version, current.state.balance().on_hand), (1, 5));
    assert_eq!(current.position.sequence, 1);
}

/// Sends three commands, of which the second and third are decided while the first is in commit, which then fails.
async fn fail_the_first(fault: Fault) -> (Vec<Answer>, usize) {
    let gate = Arc::new(Gate::default());
    let (world, shards) = behind(&gate, &[Some(fault)]).await;
    let router = shards.router();
    gate.close();
    let first = send(&router, "P", 5, named("1")).await;
    gate.await_arrivals(1);
    let second = send(&router, "P", 7, named("2")).await;
    let third = send(&router, "P", 1, named("3")).await;
    gate.open();
    let answers = vec![first.await, second.await, third.await];
    let events = history::<Stock>(&world.log, 1).await.len();
    shards.stop().await;
    (answers, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_behind_a_failed_commit_was_never_sent_and_says_so() {
    for fault in [Fault::Unavailable, Fault::IndeterminateLost, Fault::Fenced] {
        let (answers, events) = fail_the_first(fault).await;
        // The third may have been waiting in the mailbox still; then it is taken after the recovery.
        let [first, second, third] = answers.try_into().unwrap();
        for answer in [first, second] {
            match (fault, answer) {
                // To be sent again, to whoever has the partition now.
                (Fault::Fenced, Err(Failure::NotOwner(_))) | (_, Err(Failure::Unavailable(_))) => {}
                (_, answer) => panic!("{fault:?}: {answer:?}"),
            }
        }
        assert_eq!(events, usize::from(third.is_ok()), "{fault:?}: {third:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_in_doubt_that_took_effect_is_honoured_and_what_was_behind_it_is_not() {
    let (answers, events) = fail_the_first(Fault::IndeterminateWritten).await;
    let [first, second, third] = answers.try_into().unwrap();
    assert_eq!(first.unwrap().position.sequence, 1);
    assert!(matches!(second, Err(Failure::Unavailable(_))), "{second:?}");
    assert_eq!(events, 1 + usize::from(third.is_ok()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_an_aggregate_goes_on_waiting_when_a_commit_fails() {
    let gate = Arc::new(Gate::default());
    let (_, shards) = behind(&gate, &[Some(Fault::IndeterminateLost)]).await;
    let router = shards.router();
    let mut moved_on = wait_for_the_first(&router).await;
    let lost = router.execute_patiently(request("P", adjust(5), named("1"))).await;
    assert!(matches!(lost, Err(Failure::Unavailable(_))), "{lost:?}");
    assert!(poll(&mut moved_on).await.is_pending());
    router.execute_patiently(request("P", adjust(3), named("2"))).await.unwrap();
    let current = moved_on.await;
    assert_eq!((current.version, current.state.balance().on_hand), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_is_told_to_stop_commits_what_it_has_decided() {
    let gate = Arc::new(Gate::default());
    let (world, shards) = behind(&gate, &[]).await;
    let router = shards.router();
    gate.close();
    let first = send(&router, "P", 5, named("1")).await;
    gate.await_arrivals(1);
    let second = send(&router, "P", 7, named("2")).await;
    let stopped = tokio::spawn(shards.stop());
    gate.open();
    assert!(first.await.is_ok() && second.await.is_ok());
    stopped.await.unwrap();
    assert_eq!(history::<Stock>(&world.log, 1).await.len(), 2);
    let refused = router.execute(request("P", reserve("A", 1), named("3"))).await;
    assert!(matches!(refused, Err(Failure::NotOwner(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_is_told_to_stop_stops_although_its_commit_fails() {
    let gate = Arc::new(Gate::default());
    let (world, shards) = behind(&gate, &[Some(Fault::IndeterminateWritten)]).await;
    let router = shards.router();
    gate.close();
    let first = send(&router, "P", 5, named("1")).await;
    gate.await_arrivals(1);
    let stopped = tokio::spawn(shards.stop());
    gate.open();
    first.await.unwrap();
    stopped.await.unwrap();
    assert_eq!(history::<Stock>(&world.log, 1).await.len(), 1);
}
