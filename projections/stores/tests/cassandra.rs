//! Rows and live pointers in a real Cassandra keep the contracts, with and without faults.
//!
//! Needs `CHIMERA_STACK=1` and `CHIMERA_STACK_CASSANDRA` (host:port); each store has a keyspace of its own, dropped at the end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod keyspace;

use std::sync::Arc;

use chimera_stores::CassandraRows;
use chimera_stores::contract::{generations, rows};
use keyspace::Keyspace;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_row_store_keeps_the_contract() {
    let Some(node) = keyspace::node() else { return };
    let keyspace = Keyspace::fresh(&node).await;
    rows::keeps_the_contract(async || {
        let store = CassandraRows::connect(&keyspace.options()).await.unwrap();
        keyspace::empty(&store).await;
        let store: rows::Store = Arc::new(store);
        ((), store)
    })
    .await;
    keyspace.drop_it().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_live_pointers_keep_the_contract() {
    let Some(node) = keyspace::node() else { return };
    generations::keeps_the_contract(async || {
        let keyspace = Keyspace::fresh(&node).await;
        let store: generations::Store =
            Arc::new(CassandraRows::connect(&keyspace.options()).await.unwrap().live());
        (keyspace, store)
    })
    .await;
}
