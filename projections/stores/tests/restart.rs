//! What the embedded stores keep over a restart, and what they refuse to open.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::fs;
use std::path::Path;

use chimera_model::{Column, Kind, KvMutation, KvSpec, RowKey, RowMutation, TableSpec, Value};
use chimera_stores::{
    Checkpoint, EmbeddedStores, KvReader, KvWriter, OpenError, RowReader, RowWriter, StoreError,
    View,
};

static TABLE: TableSpec = TableSpec {
    name: "notes",
    partition_key: &[Column::new("id", Kind::Integer)],
    clustering: &[],
    columns: &[Column::new("text", Kind::Text)],
};
static OTHER_COLUMNS: TableSpec = TableSpec {
    columns: &[Column::new("title", Kind::Text), Column::new("text", Kind::Text)],
    ..TABLE
};
static SPACE: KvSpec = KvSpec { space: "note", parts: &["note"] };
const VIEW: View = View::new("notes", 3);

fn row(id: i64) -> RowMutation {
    let cells = vec![("text", Value::Text(format!("text of {id}")))];
    RowMutation::Upsert { table: &TABLE, key: key(id), cells, version: 1 }
}

fn key(id: i64) -> RowKey {
    RowKey(vec![Value::Integer(id)])
}

fn value(id: i64) -> KvMutation {
    let value = Some(format!("value of {id}"));
    KvMutation { space: &SPACE, id: id.to_string(), part: "note", value, version: 1 }
}

fn checkpoint(sequence: u64) -> Checkpoint {
    Checkpoint { stream: "notes".into(), partition: 0, sequence }
}

async fn filled(dir: &Path) -> EmbeddedStores {
    let stores = EmbeddedStores::open(dir).unwrap();
    stores.rows().create(VIEW, &[&TABLE]).await.unwrap();
    stores.kv().create(VIEW, &[&SPACE]).await.unwrap();
    stores.rows().apply(VIEW, &[row(1), row(2)], &[checkpoint(2)]).await.unwrap();
    stores.kv().apply(VIEW, &[value(1)], &[checkpoint(1)]).await.unwrap();
    stores
}

async fn assert_all_is_there(dir: &Path) {
    let stores = EmbeddedStores::open(dir).unwrap();
    assert!(stores.rows().get(VIEW, &TABLE, &key(2)).await.unwrap().is_some());
    assert!(stores.kv().get(VIEW, &SPACE, "1").await.unwrap().is_some());
    assert_eq!(stores.rows().checkpoints(VIEW).await.unwrap(), [checkpoint(2)]);
    assert_eq!(stores.kv().checkpoints(VIEW).await.unwrap(), [checkpoint(1)]);
}

#[tokio::test]
async fn rows_values_and_checkpoints_survive_a_close() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await.close().unwrap();
    assert_all_is_there(dir.path()).await;
}

#[tokio::test]
async fn they_survive_without_a_close() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);
    assert_all_is_there(dir.path()).await;
}

#[tokio::test]
async fn either_database_can_be_lost_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await.close().unwrap();
    fs::remove_dir_all(dir.path().join("rows")).unwrap();
    let stores = EmbeddedStores::open(dir.path()).unwrap();
    assert!(stores.kv().get(VIEW, &SPACE, "1").await.unwrap().is_some());
    assert_eq!(stores.rows().generations("notes").await.unwrap(), [0_u32; 0]);
    let gone = stores.rows().get(VIEW, &TABLE, &key(2)).await;
    assert!(matches!(gone, Err(StoreError::Transient(_))), "{gone:?}");
}

#[tokio::test]
async fn a_second_opening_is_refused_in_plain_words() {
    let dir = tempfile::tempdir().unwrap();
    let stores = filled(dir.path()).await;
    let refused = EmbeddedStores::open(dir.path()).err().unwrap();
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused:?}");
    assert!(refused.to_string().contains("`chimera serve`"), "{refused}");
    drop(stores);
    assert_all_is_there(dir.path()).await;
}

#[tokio::test]
async fn a_table_with_other_columns_is_refused_until_it_is_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await.close().unwrap();
    let stores = EmbeddedStores::open(dir.path()).unwrap();
    let refused = stores.rows().get(VIEW, &OTHER_COLUMNS, &key(1)).await;
    assert!(matches!(&refused, Err(StoreError::Fatal(text)) if text.contains("replay run")));
}

#[test]
fn a_directory_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("rows")).unwrap();
    fs::write(dir.path().join("rows/photo.jpg"), "x").unwrap();
    let refused = EmbeddedStores::open(dir.path()).err().unwrap();
    assert!(matches!(refused, OpenError::OtherFormat { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await.close().unwrap();
    let marker = dir.path().join("kv/version");
    let mut bytes = fs::read(&marker).unwrap();
    *bytes.last_mut().unwrap() += 1;
    fs::write(&marker, bytes).unwrap();
    let refused = EmbeddedStores::open(dir.path()).err().unwrap();
    assert!(matches!(refused, OpenError::OtherFormat { .. }), "{refused:?}");
}

/// The storage engine numbers its keyspaces anew after a restart; what is made where something else was removed must stay.
#[tokio::test]
async fn what_is_made_after_a_removal_and_a_restart_survives_every_later_one() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=4 {
        drop(filled(dir.path()).await);
        assert_all_is_there(dir.path()).await;
        assert_all_is_there(dir.path()).await;
        let stores = EmbeddedStores::open(dir.path()).unwrap();
        stores.rows().remove(VIEW).await.unwrap();
        stores.kv().remove(VIEW).await.unwrap();
        assert_eq!(stores.rows().checkpoints(VIEW).await.ok(), None, "round {round}");
        if round % 2 == 0 {
            stores.close().unwrap();
        }
    }
}

/// As a kill between the making of a keyspace and its entry in the catalogue leaves it.
fn half_made(dir: &Path, name: &str) {
    let database = fjall::Database::builder(dir.join("rows")).open().unwrap();
    for number in 0..10 {
        database
            .keyspace(&format!("{name}.{number}"), fjall::KeyspaceCreateOptions::default)
            .unwrap();
    }
}

#[tokio::test]
async fn what_is_made_after_something_half_made_survives_every_restart() {
    let dir = tempfile::tempdir().unwrap();
    drop(EmbeddedStores::open(dir.path()).unwrap());
    half_made(dir.path(), "half");
    drop(EmbeddedStores::open(dir.path()).unwrap());
    drop(EmbeddedStores::open(dir.path()).unwrap());
    drop(filled(dir.path()).await);
    assert_all_is_there(dir.path()).await;
    assert_all_is_there(dir.path()).await;
}

#[tokio::test]
async fn a_view_whose_table_is_lost_is_forgotten_and_never_served_empty() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await.close().unwrap();
    {
        let database = fjall::Database::builder(dir.path().join("rows")).open().unwrap();
        let name = "notes.3.notes";
        assert!(database.keyspace_exists(name));
        let table = database.keyspace(name, fjall::KeyspaceCreateOptions::default).unwrap();
        database.delete_keyspace(table).unwrap();
    }
    let stores = EmbeddedStores::open(dir.path()).unwrap();
    let gone = stores.rows().get(VIEW, &TABLE, &key(2)).await;
    assert!(matches!(gone, Err(StoreError::Transient(_))), "{gone:?}");
    stores.rows().create(VIEW, &[&TABLE]).await.unwrap();
    assert_eq!(stores.rows().checkpoints(VIEW).await.unwrap(), []);
    assert!(stores.kv().get(VIEW, &SPACE, "1").await.unwrap().is_some());
}
