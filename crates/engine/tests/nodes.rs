//! Several processes over one log: partitions that change hands, commands that find their way, whoever owns what.

#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::stock::{Rejection, Stock};
use chimera_engine::{Failure, Phase, Router};
use chimera_log::{EventLog, Partition};
use support::nodes::{Installation, Node};
use support::{adjust, history, named, request, reserve};

/// Adjusts by one, under one id after the other, until it is over. How often; nothing may fail.
async fn load(router: Router<Stock>, client: usize, over: Arc<AtomicBool>) -> usize {
    let mut accepted = 0;
    while !over.load(Ordering::SeqCst) {
        let id = named(&format!("{client}-{accepted}"));
        router.execute(request("P", adjust(1), id)).await.unwrap();
        accepted += 1;
        tokio::task::yield_now().await;
    }
    accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_changes_hands_under_load_fails_no_command_and_doubles_none() {
    let installation = Installation::new(1);
    let (a, b) = (installation.node("a", 0), installation.node("b", 0));
    change_hands(&installation, &a, &b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fence_that_shows_itself_as_a_doubt_does_not_take_the_partition_back() {
    let installation = Installation::new(1);
    let (a, b) = (installation.node("a", 0), installation.node("b", 0));
    a.log.doubt();
    b.log.doubt();
    change_hands(&installation, &a, &b).await;
}

async fn change_hands(installation: &Installation, a: &Node, b: &Node) {
    a.take_over().await;
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = [a, b, a, b]
        .into_iter()
        .enumerate()
        .map(|(client, node)| tokio::spawn(load(node.router.clone(), client, Arc::clone(&over))))
        .collect();
    for _ in 0..5 {
        for (from, to) in [(a, b), (b, a)] {
            from.give([]);
            to.give([0]);
            to.until(0, Phase::Serving).await;
            from.until(0, Phase::Elsewhere).await;
        }
    }
    over.store(true, Ordering::SeqCst);
    let mut accepted = 0;
    for client in clients {
        accepted += client.await.unwrap();
    }
    assert!(accepted > 0);
    assert_eq!(history::<Stock>(&installation.raw, 1).await.len(), accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_is_fenced_gives_its_commands_back_and_they_are_done_once_elsewhere() {
    let installation = Installation::new(1);
    let (a, b) = (installation.node("a", 0), installation.node("b", 0));
    a.take_over().await;
    a.router.execute(request("P", adjust(5), named("before"))).await.unwrap();
    // The old owner has not heard yet that it has lost the partition; its next append finds out.
    b.take_over().await;
    a.give([]);
    let ids: Vec<String> = (0..40).map(|number| format!("late-{number}")).collect();
    let sent = ids.iter().map(|id| {
        let router = a.router.clone();
        let wanted = request("P", adjust(1), named(id));
        tokio::spawn(async move { router.execute(wanted).await })
    });
    for answer in sent.collect::<Vec<_>>() {
        answer.await.unwrap().unwrap();
    }
    a.until(0, Phase::Elsewhere).await;
    assert_eq!(history::<Stock>(&installation.raw, 1).await.len(), 1 + ids.len());
    assert_eq!(a.router.read("P").await.unwrap().state.balance().on_hand, 45);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_does_not_wait_for_a_claim_while_the_owner_before_serves() {
    let installation = Installation::new(1);
    let (a, b) = (installation.node("a", 0), installation.node("b", 0));
    a.take_over().await;
    b.log.hold_claims(true);
    b.give([0]);
    b.until(0, Phase::Recovering).await;
    let sent = b.router.execute(request("P", adjust(1), named("1")));
    let receipt = tokio::time::timeout(Duration::from_mins(1), sent).await.unwrap().unwrap();
    assert_eq!(receipt.version, 1);
    b.log.hold_claims(false);
    b.until(0, Phase::Serving).await;
    assert_eq!(b.router.read("P").await.unwrap().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fence_that_is_met_inside_a_commit_fails_no_command() {
    let installation = Installation::new(1);
    let a = installation.node("a", 0);
    a.log.doubt();
    a.take_over().await;
    for number in 0..20 {
        // A process that hung, or a rival that is gone again: nobody else will take the command.
        drop(installation.raw.claim(&Partition::new(Stock::STREAM, 0)).unwrap());
        let wanted = request("P", adjust(1), named(&number.to_string()));
        a.router.execute(wanted).await.unwrap();
    }
    assert_eq!(history::<Stock>(&installation.raw, 1).await.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_goes_to_the_owner_and_its_refusal_comes_back_as_the_same_value() {
    let installation = Installation::new(4);
    let (a, b) = (installation.node("a", 0), installation.node("b", 0));
    a.give(0..4);
    for index in 0..4 {
        a.until(index, Phase::Serving).await;
    }
    let receipt = b.router.execute(request("P", adjust(3), named("1"))).await.unwrap();
    assert_eq!((receipt.version, receipt.events.len()), (1, 1));
    let refused = b.router.execute(request("P", reserve("O", 4), named("2"))).await;
    assert_eq!(refused, Err(Failure::Refused(Rejection::Insufficient { asked: 4, available: 3 })));
    assert_eq!(b.router.read("P").await.unwrap().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_follows_and_serves_once_it_is_given_the_partition() {
    let installation = Installation::new(1);
    let (a, b) = (installation.node("a", 1), installation.node("b", 1));
    a.take_over().await;
    b.until(0, Phase::Following).await;
    for number in 0..50 {
        a.router.execute(request("P", adjust(1), named(&number.to_string()))).await.unwrap();
    }
    a.give([]);
    b.take_over().await;
    a.until(0, Phase::Following).await;
    assert_eq!(b.router.read("P").await.unwrap().version, 50);
    // Known by its id to who has only followed.
    let again = b.router.execute(request("P", adjust(1), named("49"))).await.unwrap();
    assert!(again.events.is_empty());
    assert_eq!(history::<Stock>(&installation.raw, 1).await.len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_contested_is_made_again_while_the_partition_is_given() {
    let installation = Installation::new(1);
    let a = installation.node("a", 0);
    a.log.contest(3);
    a.take_over().await;
    assert_eq!(a.log.contests(), 0);
    a.router.execute(request("P", adjust(1), named("1"))).await.unwrap();
    let owners = a.log.owners();
    let owner = owners.borrow().get(&Partition::new(Stock::STREAM, 0)).cloned().unwrap();
    assert_eq!(&*owner.address, "a");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_owns_the_partition_patience_runs_out_and_the_command_has_surely_not_been_done()
 {
    let installation = Installation::new(1);
    let (engine, _) = installation.engine("a", 0);
    let router = engine.elsewhere::<Stock>(1);
    let asked = tokio::time::Instant::now();
    let answer = router.execute(request("P", adjust(1), named("1"))).await;
    assert_eq!(answer, Err(Failure::NotOwner(Partition::new(Stock::STREAM, 0))));
    assert!(asked.elapsed().as_secs() >= 10);
    assert!(router.read("P").await.is_err());
}
