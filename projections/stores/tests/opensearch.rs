//! The search store on a real OpenSearch; runs only with `CHIMERA_STACK=1`, at the address in `CHIMERA_STACK_OPENSEARCH`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::sync::Arc;

use chimera_stores::contract::search;

#[path = "opensearch/faults.rs"]
mod faults;
#[path = "opensearch/indices.rs"]
mod indices;
#[path = "opensearch/questions.rs"]
mod questions;
#[path = "opensearch/stack.rs"]
mod stack;
#[path = "opensearch/writers.rs"]
mod writers;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_search_store_keeps_the_contract() {
    if stack::Stack::new().is_none() {
        return;
    }
    search::keeps_the_contract(|| async {
        let stack = stack::Stack::new().unwrap();
        let store: search::Store = Arc::new(stack.store());
        (stack, store)
    })
    .await;
}
