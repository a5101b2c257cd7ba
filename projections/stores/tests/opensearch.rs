//! The search store on a real OpenSearch; runs only with `CHIMERA_STACK=1`, at the address in `CHIMERA_STACK_OPENSEARCH`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::sync::Arc;

use chimera_stores::View;
use chimera_stores::contract::search;
use chimera_stores::contract::search::books::{Book, are_found, shelf};

mod catalogue;
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

async fn answered(books: &[Book]) {
    let Some(stack) = stack::Stack::new() else { return };
    let store: search::Store = Arc::new(stack.store());
    are_found(&store, View::new("product_search_index", 1), books).await;
}

#[tokio::test]
async fn a_small_shelf_is_searched_as_it_should_be() {
    answered(&shelf()).await;
}

#[tokio::test]
async fn a_whole_catalogue_is_searched_as_it_should_be() {
    if let Some(books) = catalogue::books() {
        answered(&books).await;
    }
}
