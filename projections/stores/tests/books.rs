//! Forty questions to a catalogue of books on the embedded store.
//!
//! Always to a small shelf; to a whole catalogue where `CHIMERA_STACK_BOOKS` names its file.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod catalogue;

use chimera_stores::contract::search::Store;
use chimera_stores::contract::search::books::{Book, are_found, shelf};
use chimera_stores::{EmbeddedStores, View};

async fn answered(books: &[Book]) {
    let dir = tempfile::tempdir().unwrap();
    let store: Store = EmbeddedStores::open(dir.path()).unwrap().search();
    are_found(&store, View::new("product_search_index", 1), books).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_shelf_is_searched_as_it_should_be() {
    answered(&shelf()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_catalogue_is_searched_as_it_should_be() {
    if let Some(books) = catalogue::books() {
        answered(&books).await;
    }
}
