//! The embedded stores keep the contracts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use chimera_stores::EmbeddedStores;
use chimera_stores::contract::{kv, rows, search};
use tempfile::TempDir;

fn fresh() -> (TempDir, EmbeddedStores) {
    let dir = tempfile::tempdir().unwrap();
    let stores = EmbeddedStores::open(dir.path()).unwrap();
    (dir, stores)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_row_store_keeps_the_contract() {
    rows::keeps_the_contract(|| async {
        let (dir, stores) = fresh();
        let store: rows::Store = stores.rows();
        (dir, store)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_value_store_keeps_the_contract() {
    kv::keeps_the_contract(|| async {
        let (dir, stores) = fresh();
        let store: kv::Store = stores.kv();
        (dir, store)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_search_store_keeps_the_contract() {
    search::keeps_the_contract(|| async {
        let (dir, stores) = fresh();
        (dir, stores.search() as search::Store)
    })
    .await;
}
