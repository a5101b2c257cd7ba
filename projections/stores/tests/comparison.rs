//! Two views compared by content: nothing differs unnoticed, and what differs is named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use chimera_model::{Column, Kind, KvMutation, KvSpec, RowKey, RowMutation, TableSpec, Value};
use chimera_stores::checksum::{
    AtRest, Comparing, Content, Difference, DifferingKey, Differs, Found, Other, compare,
};
use chimera_stores::{EmbeddedStores, KvWriter, RowReader, RowWriter, StoreError, View};

static TABLE: TableSpec = TableSpec {
    name: "notes",
    partition_key: &[Column::new("owner", Kind::Text)],
    clustering: &[Column::new("number", Kind::Integer)],
    columns: &[Column::new("title", Kind::Text), Column::new("text", Kind::Text)],
};
static SPACE: KvSpec = KvSpec { space: "note", parts: &["note"] };
const LIVE: View = View::new("notes", 1);
const REBUILT: View = View::new("notes", 2);

fn row(number: i64, version: u64, title: &str) -> RowMutation {
    let text = format!("a text that is long enough to fill a block soon, number {number}");
    let cells = vec![("title", Value::Text(title.to_owned())), ("text", Value::Text(text))];
    RowMutation::Upsert { table: &TABLE, key: key(number), cells, version }
}

fn key(number: i64) -> RowKey {
    RowKey(vec![Value::Text("me".to_owned()), Value::Integer(number)])
}

fn rows(numbers: impl Iterator<Item = i64>) -> Vec<RowMutation> {
    numbers.map(|number| row(number, 1, "title")).collect()
}

async fn both(dir: &Path, mutations: &[RowMutation]) -> EmbeddedStores {
    let stores = EmbeddedStores::open(dir).unwrap();
    for view in [LIVE, REBUILT] {
        stores.rows().create(view, &[&TABLE]).await.unwrap();
        stores.rows().apply(view, mutations, &[]).await.unwrap();
    }
    stores
}

async fn apply(stores: &EmbeddedStores, view: View, mutations: &[RowMutation]) {
    stores.rows().apply(view, mutations, &[]).await.unwrap();
}

fn at_rest(named: usize) -> Comparing<'static> {
    Comparing { named, other: Other::Log, settle: &AtRest, progress: &|_| {} }
}

async fn compared(stores: &EmbeddedStores, named: usize) -> Difference {
    let store = &*stores.rows();
    let content = |view| Content::Rows { store, view, table: &TABLE };
    compare(content(LIVE), content(REBUILT), &at_rest(named)).await.unwrap()
}

#[tokio::test]
async fn equal_content_is_identical_however_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let stores = both(dir.path(), &rows(0..500)).await;
    apply(&stores, LIVE, &rows((500..900).rev())).await;
    apply(&stores, REBUILT, &rows(500..900)).await;
    let difference = compared(&stores, 10).await;
    assert!(difference.is_identical());
    assert_eq!((difference.live.rows(), difference.keys), (900, vec![]));
}

#[tokio::test]
async fn missing_extra_and_changed_rows_are_named_with_their_fields() {
    let dir = tempfile::tempdir().unwrap();
    let stores = both(dir.path(), &rows(0..500)).await;
    apply(&stores, LIVE, &rows(700..701)).await;
    apply(&stores, REBUILT, &rows(600..601)).await;
    apply(&stores, LIVE, &[row(3, 2, "other")]).await;
    let difference = compared(&stores, 10).await;
    assert!(!difference.is_identical() && !difference.more);
    let differs = |field: &str, live: &str, rebuilt: &str| Differs {
        field: field.to_owned(),
        live: Some(live.to_owned()),
        rebuilt: Some(rebuilt.to_owned()),
    };
    let changed = vec![differs("_version", "2", "1"), differs("title", "other", "title")];
    let named = |key: &str, found| DifferingKey { key: key.to_owned(), found };
    let expected = [
        named("me/3", Found::Fields(changed)),
        named("me/600", Found::Missing),
        named("me/700", Found::Extra),
    ];
    assert_eq!(difference.keys, expected);
}

#[tokio::test]
async fn however_much_differs_only_so_many_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let stores = both(dir.path(), &rows(0..10)).await;
    apply(&stores, REBUILT, &rows(10..500)).await;
    let difference = compared(&stores, 7).await;
    assert!(difference.more);
    assert_eq!(difference.keys.len(), 7);
    assert_eq!((difference.live.rows(), difference.rebuilt.rows()), (10, 500));
}

#[tokio::test]
async fn a_flipped_bit_in_a_row_is_named_and_the_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let stores = both(dir.path(), &rows(0..500)).await;
    stores.rows().damage(LIVE, &TABLE, &key(123)).unwrap();
    let read = stores.rows().get(LIVE, &TABLE, &key(123)).await;
    assert!(matches!(&read, Err(StoreError::Fatal(text)) if text.contains("row me/123 of notes")));
    let difference = compared(&stores, 10).await;
    assert_eq!(difference.live.rows(), 499);
    let [named] = difference.keys.as_slice() else { panic!("{:?}", difference.keys) };
    assert_eq!(named.key, "me/123");
    assert!(matches!(named.found, Found::Damaged(_)));
}

/// The largest table file of the row store.
fn largest_file(dir: &Path) -> PathBuf {
    let (mut pending, mut largest) = (vec![dir.join("rows/keyspaces")], (0, PathBuf::new()));
    while let Some(dir) = pending.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                pending.push(entry.path());
            } else {
                largest = largest.max((entry.metadata().unwrap().len(), entry.path()));
            }
        }
    }
    largest.1
}

#[tokio::test]
async fn a_flipped_bit_on_disk_names_every_row_of_its_block_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let stores = EmbeddedStores::open(dir.path()).unwrap();
    stores.rows().create(LIVE, &[&TABLE]).await.unwrap();
    apply(&stores, LIVE, &rows(0..2000)).await;
    stores.close().unwrap();
    let file = largest_file(dir.path());
    let mut bytes = fs::read(&file).unwrap();
    let place = bytes.windows(11).position(|found| found == b"number 1000").unwrap();
    bytes[place] ^= 4;
    fs::write(&file, bytes).unwrap();
    let stores = both(dir.path(), &[]).await;
    apply(&stores, REBUILT, &rows(0..2000)).await;
    let difference = compared(&stores, 1000).await;
    assert!(!difference.is_identical() && !difference.more);
    assert!(difference.keys.iter().any(|named| named.key == "me/1000"));
    assert!((1..200).contains(&difference.keys.len()), "{}", difference.keys.len());
    assert!(difference.keys.iter().all(|named| matches!(named.found, Found::Damaged(_))));
}

#[tokio::test]
async fn key_values_are_compared_down_to_the_members_of_their_json() {
    let dir = tempfile::tempdir().unwrap();
    let stores = EmbeddedStores::open(dir.path()).unwrap();
    for (view, title) in [(LIVE, "old"), (REBUILT, "new")] {
        stores.kv().create(view, &[&SPACE]).await.unwrap();
        let value = Some(format!(r#"{{"pages":3,"title":"{title}"}}"#));
        let mutation =
            KvMutation { space: &SPACE, id: "n1".to_owned(), part: "note", value, version: 1 };
        stores.kv().apply(view, &[mutation], &[]).await.unwrap();
    }
    let store = &*stores.kv();
    let content = |view| Content::Kv { store, view, space: &SPACE };
    let difference = compare(content(LIVE), content(REBUILT), &at_rest(5)).await.unwrap();
    let differs = Differs {
        field: "note.title".to_owned(),
        live: Some("\"old\"".to_owned()),
        rebuilt: Some("\"new\"".to_owned()),
    };
    let found = Found::Fields(vec![differs]);
    assert_eq!(difference.keys, [DifferingKey { key: "n1".to_owned(), found }]);
}
