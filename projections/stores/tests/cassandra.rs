//! Rows in a real Cassandra keep the contract, with and without faults.
//!
//! Needs `CHIMERA_STACK=1` and `CHIMERA_STACK_CASSANDRA` (host:port); each store has a keyspace of its own, dropped at the end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod keyspace;

use std::sync::Arc;

use chimera_model::{Column, Kind, RowKey, RowMutation, TableSpec, Value};
use chimera_stores::contract::proxy::Proxy;
use chimera_stores::contract::rows;
use chimera_stores::contract::rows::faults;
use chimera_stores::{
    CassandraRows, Checkpoint, Cursor, Listing, RowReader, RowWriter, StoreError, View,
};
use keyspace::Keyspace;

static NOTES: TableSpec = TableSpec {
    name: "notes",
    partition_key: &[Column::new("owner", Kind::Text)],
    clustering: &[Column::new("number", Kind::Integer)],
    columns: &[Column::new("text", Kind::Text), Column::new("amount", Kind::Decimal)],
};
const VIEW: View = View::new("notes", 1);

fn note(number: i64) -> RowMutation {
    let (key, cells) = (key(number), vec![("text", "a note".into())]);
    RowMutation::Upsert { table: &NOTES, key, cells, version: 1 }
}

fn key(number: i64) -> RowKey {
    RowKey(vec!["me".into(), number.into()])
}

fn listing<'a>(partition_key: &'a [Value], after: Option<&'a Cursor>) -> Listing<'a> {
    Listing { table: &NOTES, partition_key, after, limit: 2 }
}

fn checkpoint(sequence: u64) -> Checkpoint {
    Checkpoint { stream: "orders".into(), partition: 0, sequence }
}

async fn connect(keyspace: &Keyspace) -> CassandraRows {
    CassandraRows::connect(&keyspace.options()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_row_store_keeps_the_contract() {
    let Some(node) = keyspace::node() else { return };
    let keyspace = Keyspace::fresh(&node).await;
    let store = Arc::new(connect(&keyspace).await);
    rows::keeps_the_contract(async || {
        keyspace::empty(&store).await;
        let store: rows::Store = store.clone();
        ((), store)
    })
    .await;
    keyspace.drop_it().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_between_the_store_and_cassandra_do_no_harm() {
    let Some(node) = keyspace::node() else { return };
    let keyspace = Keyspace::fresh(&node).await;
    faults::survives_faults(async || {
        keyspace::empty(&connect(&keyspace).await).await;
        let proxy = Arc::new(Proxy::to(&node).await.unwrap());
        let options = keyspace.through(&proxy.address().to_string());
        let store: rows::Store = Arc::new(CassandraRows::connect(&options).await.unwrap());
        (proxy, store)
    })
    .await;
    keyspace.drop_it().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_transient_and_an_impossible_keyspace_fatal() {
    let Some(node) = keyspace::node() else { return };
    let keyspace = Keyspace::fresh(&node).await;
    let proxy = Proxy::to(&node).await.unwrap();
    proxy.refuse();
    let refused = CassandraRows::connect(&keyspace.through(&proxy.address().to_string())).await;
    assert!(matches!(refused.err(), Some(StoreError::Transient(_))));
    let mut options = keyspace.options();
    options.keyspace = "Not a keyspace".to_owned();
    let impossible = CassandraRows::connect(&options).await;
    assert!(matches!(impossible.err(), Some(StoreError::Fatal(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_that_another_process_removes_and_makes_again_is_noticed() {
    let Some(node) = keyspace::node() else { return };
    let keyspace = Keyspace::fresh(&node).await;
    let (mine, theirs) = (connect(&keyspace).await, connect(&keyspace).await);
    mine.create(VIEW, &[&NOTES]).await.unwrap();
    mine.apply(VIEW, &[note(1)], &[checkpoint(7)]).await.unwrap();
    assert!(mine.get(VIEW, &NOTES, &key(1)).await.unwrap().is_some());
    theirs.remove(VIEW).await.unwrap();
    let read = mine.get(VIEW, &NOTES, &key(1)).await;
    assert!(matches!(read, Err(StoreError::Transient(_))), "{read:?}");
    let written = mine.apply(VIEW, &[note(1)], &[checkpoint(8)]).await;
    assert!(matches!(written, Err(StoreError::Fatal(_))), "{written:?}");
    theirs.create(VIEW, &[&NOTES]).await.unwrap();
    assert_eq!(mine.checkpoints(VIEW).await, Ok(vec![]));
    mine.apply(VIEW, &[note(2)], &[checkpoint(3)]).await.unwrap();
    assert!(theirs.get(VIEW, &NOTES, &key(2)).await.unwrap().is_some());
    assert_eq!(theirs.get(VIEW, &NOTES, &key(1)).await, Ok(None));
    assert_eq!(theirs.checkpoints(VIEW).await, Ok(vec![checkpoint(3)]));
    keyspace.drop_it().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_changed_by_hand_are_named_and_lost_ones_built_anew() {
    let Some(node) = keyspace::node() else { return };
    let keyspace = Keyspace::fresh(&node).await;
    let store = connect(&keyspace).await;
    store.create(VIEW, &[&NOTES]).await.unwrap();
    store.apply(VIEW, &[note(1)], &[checkpoint(7)]).await.unwrap();
    keyspace.run("ALTER TABLE KEYSPACE_NAME.notes_g1 DROP amount").await;
    let Err(StoreError::Fatal(text)) = store.create(VIEW, &[&NOTES]).await else {
        panic!("another table is taken for ours");
    };
    assert!(
        text.contains("notes_g1") && text.contains("amount") && text.contains("replay run notes")
    );
    assert_eq!(store.generations(VIEW.model).await, Ok(vec![1]));
    keyspace.run("DROP TABLE KEYSPACE_NAME.notes_g1").await;
    assert_eq!(store.generations(VIEW.model).await, Ok(vec![]), "its checkpoints lie");
    store.create(VIEW, &[&NOTES]).await.unwrap();
    assert_eq!(store.checkpoints(VIEW).await, Ok(vec![]));
    assert_eq!(store.get(VIEW, &NOTES, &key(1)).await, Ok(None));
    keyspace.drop_it().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_stays_valid_when_another_generation_becomes_live_and_a_spoilt_one_is_refused() {
    let Some(node) = keyspace::node() else { return };
    let keyspace = Keyspace::fresh(&node).await;
    let store = connect(&keyspace).await;
    let next = View::new(VIEW.model, 2);
    let notes: Vec<RowMutation> = (0..4).map(note).collect();
    for view in [VIEW, next] {
        store.create(view, &[&NOTES]).await.unwrap();
        store.apply(view, &notes, &[]).await.unwrap();
    }
    let mine = [Value::from("me")];
    let cursor = store.list(VIEW, listing(&mine, None)).await.unwrap().next.unwrap();
    let page = store.list(next, listing(&mine, Some(&cursor))).await.unwrap();
    assert_eq!(page.items.iter().map(|row| row.key.clone()).collect::<Vec<_>>(), [key(2), key(3)]);
    assert_eq!(page.next, None, "nothing follows a last page that is full");
    for place in 0..cursor.as_bytes().len() {
        let mut bytes = cursor.as_bytes().to_vec();
        bytes[place] ^= 1;
        let spoilt = Cursor::from_bytes(bytes);
        let refused = store.list(next, listing(&mine, Some(&spoilt))).await;
        assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    }
    keyspace.drop_it().await;
}
