//! What a row store does while the real thing behind it is down, slow, or cut off in the middle.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chimera_model::RowMutation;

use super::tables::{NEWEST_FIRST, newest, text, upsert, write};
use super::{Store, apply, created, everything, expected, written};
use crate::contract::proxy::Proxy;
use crate::contract::rules::Rules;
use crate::contract::{VIEW, checkpoint};
use crate::error::StoreError;

/// A fresh store, and the proxy that it reaches the real thing through.
pub type Reached = (Arc<Proxy>, Store);

/// How long a store may take to notice that all is well again.
const RECOVERY: Duration = Duration::from_secs(60);
/// How long it may take to give up on an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Every rule of faults, each on a fresh store; fails with the names of all that are broken.
pub async fn survives_faults<R: Future<Output = Reached>>(make: impl Fn() -> R) {
    let mut rules = Rules::on(async || ((), make().await));
    rules.check(what_failed_while_the_store_was_down_works_when_it_is_back).await;
    rules.check(a_slow_store_is_slow_and_right).await;
    rules.check(a_store_that_hangs_is_given_up_and_asked_again).await;
    rules.check(answers_lost_half_way_are_an_error_and_the_repeat_is_right).await;
    rules.check(requests_lost_half_way_are_an_error_and_the_repeat_is_right).await;
    rules.are_kept();
}

async fn what_failed_while_the_store_was_down_works_when_it_is_back((proxy, store): Reached) {
    created(&store).await;
    apply(&store, &[write(1, "before")]).await;
    proxy.refuse();
    let mutations = [write(2, "after")];
    for _ in 0..3 {
        is_transient(store.apply(VIEW, &mutations, &[checkpoint(0, 2)]).await);
    }
    is_transient(store.get(VIEW, &NEWEST_FIRST, &newest("a", 1, "x")).await);
    is_transient(store.checkpoints(VIEW).await);
    proxy.pass();
    applied_again(&store, &mutations, 2).await;
    assert_eq!(written(&store).await, expected("after", 2));
}

async fn a_slow_store_is_slow_and_right((proxy, store): Reached) {
    created(&store).await;
    proxy.delay(Duration::from_millis(300));
    store.apply(VIEW, &[write(1, "slow")], &[checkpoint(0, 1)]).await.unwrap();
    assert_eq!(written(&store).await, expected("slow", 1));
    assert_eq!(store.checkpoints(VIEW).await, Ok(vec![checkpoint(0, 1)]));
}

async fn a_store_that_hangs_is_given_up_and_asked_again((proxy, store): Reached) {
    created(&store).await;
    apply(&store, &[write(1, "before")]).await;
    proxy.stall();
    let (started, mutations) = (Instant::now(), [write(2, "after")]);
    is_transient(store.apply(VIEW, &mutations, &[checkpoint(0, 2)]).await);
    assert!(started.elapsed() < PATIENCE, "given up after {:?}", started.elapsed());
    proxy.pass();
    applied_again(&store, &mutations, 2).await;
    assert_eq!(written(&store).await, expected("after", 2));
}

async fn answers_lost_half_way_are_an_error_and_the_repeat_is_right((proxy, store): Reached) {
    created(&store).await;
    proxy.refuse_after_answers(500);
    half_way(&proxy, &store).await;
}

async fn requests_lost_half_way_are_an_error_and_the_repeat_is_right((proxy, store): Reached) {
    created(&store).await;
    proxy.refuse_after_requests(20_000);
    half_way(&proxy, &store).await;
}

/// The checkpoint is not there before the data are, and all data are there once.
async fn half_way(proxy: &Proxy, store: &Store) {
    let mutations = many();
    is_transient(store.apply(VIEW, &mutations, &[checkpoint(0, 9)]).await);
    proxy.pass();
    let found = again(async || store.checkpoints(VIEW).await).await;
    assert!(found.is_empty(), "a checkpoint without its data");
    applied_again(store, &mutations, 9).await;
    assert_eq!(everything(store, &NEWEST_FIRST, 1000).await.len(), mutations.len());
}

/// Rows of many partitions, and several in each.
fn many() -> Vec<RowMutation> {
    let cells = || vec![("text", text("one of many"))];
    (0..600).map(|n| upsert(newest(&format!("owner {}", n % 200), n, "x"), 1, cells())).collect()
}

/// The same call until it works, and what it must have left.
async fn applied_again(store: &Store, mutations: &[RowMutation], sequence: u64) {
    let checkpoints = [checkpoint(0, sequence)];
    again(async || store.apply(VIEW, mutations, &checkpoints).await).await;
    assert_eq!(store.checkpoints(VIEW).await, Ok(checkpoints.to_vec()));
}

/// Asks until the answer is another than to ask again.
async fn again<T>(ask: impl AsyncFn() -> Result<T, StoreError>) -> T {
    let started = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(StoreError::Transient(why)) => {
                assert!(started.elapsed() < RECOVERY, "not back yet: {why}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[track_caller]
fn is_transient<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Transient(_))), "{answer:?}");
}
