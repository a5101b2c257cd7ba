//! What the store says, and what is there afterwards, when OpenSearch is down, slow, cut off or full.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chimera_model::SearchMutation;
use chimera_stores::contract::proxy::Proxy;
use chimera_stores::search::{Query, SearchReader, SearchWriter};
use chimera_stores::{Checkpoint, OpenSearch, OpenSearchOptions, StoreError};
use serde_json::json;

use crate::stack::{BOOKS, Stack, VIEW, asking, everything, found, stocked, titled};

/// Longer than the real one takes beside other tests.
const TIMEOUT: Duration = Duration::from_secs(8);

fn at(sequence: u64) -> Checkpoint {
    Checkpoint { stream: Arc::from("ecommerce.product.product"), partition: 3, sequence }
}

/// The books behind a proxy, in bulks of ten.
async fn behind_a_proxy(stack: &Stack) -> (Proxy, OpenSearch) {
    stack.books().await;
    let target = stack.url.trim_start_matches("http://");
    let proxy = Proxy::to(target).await.unwrap();
    let url = format!("http://{}", proxy.address());
    let mut options = OpenSearchOptions::at(&url, &stack.prefix);
    options.timeout = TIMEOUT;
    options.bulk_documents = 10;
    let store = OpenSearch::new(options).unwrap();
    (proxy, store)
}

fn fifty(version: u64) -> Vec<SearchMutation> {
    (0..50)
        .map(|number| titled(&format!("{number:02}"), version, &format!("title {version}")))
        .collect()
}

async fn all_of(store: &OpenSearch, version: u64) {
    let documents = everything(store).await;
    assert_eq!(documents.len(), 50);
    assert!(documents.values().all(|document| document.parts["details"].0 == version));
}

#[tokio::test]
async fn while_it_is_down_writing_and_reading_are_tried_again_until_they_work() {
    let Some(stack) = Stack::new() else { return };
    let (proxy, store) = behind_a_proxy(&stack).await;
    proxy.refuse();
    let applied = store.apply(VIEW, &fifty(1), &[at(1)]).await;
    assert!(matches!(applied, Err(StoreError::Transient(_))), "{applied:?}");
    let asked = store.search(VIEW, &BOOKS, &asking("title")).await;
    assert!(matches!(asked, Err(StoreError::Transient(_))), "{asked:?}");
    proxy.pass();
    store.apply(VIEW, &fifty(1), &[at(1)]).await.unwrap();
    all_of(&store, 1).await;
    assert_eq!(store.checkpoints(VIEW).await.unwrap(), [at(1)]);
}

#[tokio::test]
async fn a_slow_one_is_waited_for_and_one_that_hangs_is_given_up() {
    let Some(stack) = Stack::new() else { return };
    let (proxy, store) = behind_a_proxy(&stack).await;
    proxy.delay(Duration::from_millis(500));
    store.apply(VIEW, &fifty(1), &[at(1)]).await.unwrap();
    all_of(&store, 1).await;
    proxy.pass();
    proxy.stall();
    let begun = Instant::now();
    let applied = store.apply(VIEW, &fifty(2), &[at(2)]).await;
    assert!(matches!(applied, Err(StoreError::Transient(_))), "{applied:?}");
    assert!(begun.elapsed() < TIMEOUT * 3);
    proxy.pass();
    store.apply(VIEW, &fifty(2), &[at(2)]).await.unwrap();
    all_of(&store, 2).await;
}

#[tokio::test]
async fn cut_off_anywhere_it_says_so_and_repeating_makes_it_right() {
    let Some(stack) = Stack::new() else { return };
    let (proxy, store) = behind_a_proxy(&stack).await;
    let mut version = 0;
    for bytes in [1, 400, 900, 1_500, 2_000] {
        for answers in [true, false] {
            version += 1;
            if answers {
                proxy.refuse_after_answers(bytes);
            } else {
                proxy.refuse_after_requests(bytes * 3);
            }
            let applied = store.apply(VIEW, &fifty(version), &[at(version)]).await;
            assert!(matches!(applied, Err(StoreError::Transient(_))), "{bytes}: {applied:?}");
            proxy.pass();
            let checkpoints = store.checkpoints(VIEW).await.unwrap();
            assert!(checkpoints.iter().all(|checkpoint| checkpoint.sequence < version));
            store.apply(VIEW, &fifty(version), &[at(version)]).await.unwrap();
            all_of(&store, version).await;
            assert_eq!(store.checkpoints(VIEW).await.unwrap(), [at(version)]);
        }
    }
}

/// As OpenSearch does by itself when a disk is nearly full.
#[tokio::test]
async fn a_full_disk_is_waited_for_and_does_not_hinder_reading() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    store.apply(VIEW, &fifty(1), &[at(1)]).await.unwrap();
    let settings = format!("/{}books-g1/_settings", stack.prefix);
    let block = |on: serde_json::Value| json!({"index.blocks.read_only_allow_delete": on});
    stack.ask("PUT", &settings, Some(block(json!(true)))).await;
    let applied = store.apply(VIEW, &fifty(2), &[at(2)]).await;
    let Err(StoreError::Saturated(reason)) = &applied else { panic!("{applied:?}") };
    assert!(reason.contains("disk"), "{reason}");
    assert_eq!(found(&store, &Query { limit: 100, ..asking("title") }).await.len(), 50);
    assert_eq!(store.checkpoints(VIEW).await.unwrap(), [at(1)]);
    stack.ask("PUT", &settings, Some(block(json!(null)))).await;
    store.apply(VIEW, &fifty(2), &[at(2)]).await.unwrap();
    all_of(&store, 2).await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_its_name_and_nothing_is_written() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    let mut unfit = stocked("bad", 1, 1);
    unfit.part = "no such part";
    let mut long = titled("bad", 1, "x");
    long.fields = Some(vec![("author", vec!["x".repeat(40_000).as_str().into()])]);
    let mut large = titled("bad", 1, "x");
    large.fields = Some(vec![("cover", vec!["x".repeat(20 << 20).as_str().into()])]);
    for bad in [unfit, long, large] {
        let applied = store.apply(VIEW, &[titled("good", 1, "Good"), bad], &[at(1)]).await;
        let Err(StoreError::Rejected(reason)) = &applied else { panic!("{applied:?}") };
        assert!(reason.contains("bad") && reason.len() < 500, "{reason}");
        assert!(everything(&store).await.is_empty());
        assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
    }
}
