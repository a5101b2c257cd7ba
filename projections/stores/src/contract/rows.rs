//! The rules of row stores; here those of single rows, below those of many.

use std::collections::BTreeMap;
use std::sync::Arc;

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use chimera_model::{Row, RowKey, RowMutation, TableSpec, Value};
use proptest::prelude::{Just, prop};
use proptest::prop_oneof;
use proptest::strategy::Strategy;
use proptest::test_runner::TestRunner;

pub mod faults;
mod pages_and_views;
mod tables;

use super::rules::Rules;
use super::{VIEW, checkpoint, some};
use crate::error::StoreError;
use crate::page::Scanned;
use crate::rows::{Listing, RowStore};
use tables::{NEWEST_FIRST, UPWARDS, delete, newest, text, upsert, write};

/// The greatest version there can be: that of a Cassandra timestamp.
const NEWEST: u64 = i64::MAX.cast_unsigned();

/// A fresh store.
pub type Store = Arc<dyn RowStore>;

/// Every rule of row stores, each on a fresh one; fails with the names of all that are broken.
///
/// `make` gives something to keep alive, and the fresh one.
pub async fn keeps_the_contract<K, R: Future<Output = (K, Store)>>(make: impl Fn() -> R) {
    let mut rules = Rules::on(make);
    rules.check(a_row_is_read_as_it_was_written).await;
    rules.check(every_kind_of_value_comes_back).await;
    rules.check(applying_again_changes_nothing).await;
    rules.check(a_stale_write_changes_nothing).await;
    rules.check(cells_of_one_row_keep_versions_of_their_own).await;
    rules.check(an_emptied_cell_is_absent_and_stays_so).await;
    rules.check(mutations_of_one_call_see_each_other).await;
    rules.check(a_late_write_does_not_undo_a_delete).await;
    rules.check(a_newer_write_brings_a_deleted_row_back).await;
    rules.check(pages_and_views::a_list_is_in_clustering_order_both_ways_and_in_pages).await;
    rules.check(pages_and_views::a_list_holds_its_partition_only).await;
    rules.check(pages_and_views::a_cursor_of_another_list_is_refused).await;
    rules.check(pages_and_views::a_scan_finds_every_row_once).await;
    rules.check(pages_and_views::generations_lie_side_by_side).await;
    rules.check(pages_and_views::checkpoints_move_forward_only).await;
    rules.check(pages_and_views::a_removed_view_leaves_nothing_behind).await;
    rules.check(pages_and_views::creating_again_keeps_what_is_there).await;
    rules.check(a_mutation_that_does_not_fit_is_rejected_whole).await;
    rules.check(any_order_and_repetition_gives_the_same_content).await;
    rules.are_kept();
}

async fn created(store: &Store) {
    store.create(VIEW, &[&NEWEST_FIRST, &UPWARDS]).await.unwrap();
}

async fn apply(store: &Store, mutations: &[RowMutation]) {
    store.apply(VIEW, mutations, &[]).await.unwrap();
}

async fn get(store: &Store, key: &RowKey) -> Option<Row> {
    store.get(VIEW, &NEWEST_FIRST, key).await.unwrap()
}

/// Text and version of the row that [`write`] writes.
async fn written(store: &Store) -> Option<(String, u64)> {
    let row = get(store, &newest("a", 1, "x")).await?;
    match row.cells.get("text") {
        Some(Value::Text(text)) => Some((text.clone(), row.version)),
        other => panic!("{other:?} is no text"),
    }
}

fn expected(content: &str, version: u64) -> Option<(String, u64)> {
    Some((content.to_owned(), version))
}

/// Every row of a table, in pages of `limit`.
async fn everything(store: &Store, table: &'static TableSpec, limit: usize) -> Vec<Row> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = store.scan(VIEW, table, after.as_ref(), limit).await.unwrap();
        assert!(page.items.len() <= limit, "a page is bounded");
        for scanned in page.items {
            match scanned {
                Scanned::Sound(row) => rows.push(row),
                Scanned::Damaged { reason, .. } => panic!("{reason}"),
            }
        }
        after = page.next;
        if after.is_none() {
            return rows;
        }
    }
}

/// All keys of a list, in pages of `limit`.
async fn listed(
    store: &Store,
    table: &'static TableSpec,
    partition_key: &[Value],
    limit: usize,
) -> Vec<RowKey> {
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let listing = Listing { table, partition_key, after: after.as_ref(), limit };
        let page = store.list(VIEW, listing).await.unwrap();
        assert!(page.items.len() <= limit, "a page is bounded");
        keys.extend(page.items.into_iter().map(|row| row.key));
        after = page.next;
        if after.is_none() {
            return keys;
        }
    }
}

/// `get`.
async fn a_row_is_read_as_it_was_written(store: Store) {
    created(&store).await;
    assert_eq!(written(&store).await, None);
    apply(&store, &[write(3, "first")]).await;
    assert_eq!(written(&store).await, expected("first", 3));
    assert_eq!(get(&store, &newest("a", 1, "y")).await, None);
    let keys = [newest("b", 1, "x"), newest("a", 1, "x")];
    let rows = store.get_many(VIEW, &NEWEST_FIRST, &keys).await.unwrap();
    assert_eq!(rows, [None, get(&store, &keys[1]).await]);
}

/// Extremes among them.
async fn every_kind_of_value_comes_back(store: Store) {
    created(&store).await;
    let key = newest("ünïcode\0zero", i64::MIN, "");
    let cells = vec![
        ("yes", Value::Boolean(true)),
        ("number", Value::Integer(i64::MIN)),
        ("amount", Value::Decimal(Amount::from_ten_thousandths(-1))),
        ("time", Value::Timestamp(Timestamp(i64::MAX))),
        ("text", text("")),
        ("json", text(r#"{"a":[1,null]}"#)),
    ];
    apply(&store, &[upsert(key.clone(), NEWEST, cells.clone())]).await;
    let cells: BTreeMap<String, Value> =
        cells.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(get(&store, &key).await, Some(Row { key, cells, version: NEWEST }));
}

/// At-least-once is enough.
async fn applying_again_changes_nothing(store: Store) {
    created(&store).await;
    let mutations = [write(1, "first"), write(2, "second")];
    apply(&store, &mutations).await;
    apply(&store, &mutations).await;
    assert_eq!(written(&store).await, expected("second", 2));
    assert_eq!(everything(&store, &NEWEST_FIRST, 10).await.len(), 1);
}

/// The same version with other content is left open: projections are pure, so one version has one content, and Cassandra would
/// keep the greater one.
async fn a_stale_write_changes_nothing(store: Store) {
    created(&store).await;
    apply(&store, &[write(5, "newest")]).await;
    for version in [4, 1] {
        apply(&store, &[write(version, "stale")]).await;
        assert_eq!(written(&store).await, expected("newest", 5));
    }
}

/// Two streams write into one row, each its own cells.
async fn cells_of_one_row_keep_versions_of_their_own(store: Store) {
    created(&store).await;
    let key = newest("a", 1, "x");
    let number =
        |version, number| upsert(key.clone(), version, vec![("number", Value::Integer(number))]);
    apply(&store, &[write(10, "text of 10")]).await;
    apply(&store, &[number(2, 22)]).await;
    apply(&store, &[number(1, 11)]).await;
    let row = get(&store, &key).await.unwrap();
    assert_eq!(row.cells["number"], Value::Integer(22));
    assert_eq!(row.cells["text"], text("text of 10"));
    assert_eq!(row.version, 10);
}

/// Null empties.
async fn an_emptied_cell_is_absent_and_stays_so(store: Store) {
    created(&store).await;
    let key = newest("a", 1, "x");
    let cells = |value| vec![("number", Value::Integer(1)), ("text", value)];
    apply(&store, &[upsert(key.clone(), 1, cells(text("full")))]).await;
    apply(&store, &[upsert(key.clone(), 3, cells(Value::Null))]).await;
    apply(&store, &[upsert(key.clone(), 2, cells(text("late")))]).await;
    let row = get(&store, &key).await.unwrap();
    assert_eq!(row.cells.keys().collect::<Vec<_>>(), ["number"]);
}

/// In the order given, as if each had been applied by itself.
async fn mutations_of_one_call_see_each_other(store: Store) {
    created(&store).await;
    let key = newest("a", 1, "x");
    apply(&store, &[write(2, "two"), delete(key.clone(), 2), write(3, "three"), write(1, "one")])
        .await;
    assert_eq!(written(&store).await, expected("three", 3));
    apply(&store, &[write(4, "four"), delete(key, 5)]).await;
    assert_eq!(written(&store).await, None);
}

/// A delete is remembered.
async fn a_late_write_does_not_undo_a_delete(store: Store) {
    created(&store).await;
    apply(&store, &[delete(newest("a", 1, "x"), 5)]).await;
    for version in [4, 5] {
        apply(&store, &[write(version, "late")]).await;
        assert_eq!(written(&store).await, None);
    }
    assert!(everything(&store, &NEWEST_FIRST, 10).await.is_empty());
    assert!(listed(&store, &NEWEST_FIRST, &[text("a")], 10).await.is_empty());
}

/// With none of the cells from before the delete.
async fn a_newer_write_brings_a_deleted_row_back(store: Store) {
    created(&store).await;
    let key = newest("a", 1, "x");
    let cells = vec![("number", Value::Integer(1)), ("text", text("before"))];
    apply(&store, &[upsert(key.clone(), 1, cells)]).await;
    apply(&store, &[delete(key.clone(), 5)]).await;
    apply(&store, &[write(6, "after")]).await;
    assert_eq!(written(&store).await, expected("after", 6));
    assert_eq!(get(&store, &key).await.unwrap().cells.len(), 1);
}

/// Nothing of the call is applied, so that the caller can park one event and go on with the others.
async fn a_mutation_that_does_not_fit_is_rejected_whole(store: Store) {
    created(&store).await;
    let key = || newest("a", 1, "y");
    let unfit = [
        upsert(key(), 1, vec![("no_such_column", Value::Null)]),
        upsert(key(), 1, vec![("number", text("three"))]),
        upsert(RowKey(vec![text("too short")]), 1, vec![]),
        delete(RowKey(vec![text("a"), Value::Null, text("y")]), 1),
        delete(newest(&"long".repeat(20_000), 1, "y"), 1),
        delete(newest("", 1, "y"), 1),
        delete(key(), 0),
        delete(key(), NEWEST + 1),
    ];
    for mutation in unfit {
        let applied = store.apply(VIEW, &[write(1, "good"), mutation], &[checkpoint(0, 1)]).await;
        assert!(matches!(applied, Err(StoreError::Rejected(_))), "{applied:?}");
        assert_eq!(written(&store).await, None);
        assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
    }
}

/// What makes a rebuild, a retry and a late event harmless.
async fn any_order_and_repetition_gives_the_same_content(store: Store) {
    created(&store).await;
    let mut runner = TestRunner::deterministic();
    let mutations = prop::collection::vec(any_mutation(), 1..40);
    for round in 0..50 {
        let mutations = some(&mut runner, &mutations);
        let mut shuffled = mutations.clone();
        shuffled.extend(mutations.iter().take(10).cloned());
        let shuffled = some(&mut runner, &Just(shuffled).prop_shuffle());
        let size = some(&mut runner, &(1..12_usize));
        let in_order = filled(&store, 2 * round, &mutations, mutations.len()).await;
        assert_eq!(filled(&store, 2 * round + 1, &shuffled, size).await, in_order);
    }
}

/// Content follows from key, cell and version, as it does in every projection.
fn any_mutation() -> impl Strategy<Value = RowMutation> {
    let columns = prop::collection::btree_set(prop_oneof![Just("text"), Just("json")], 0..3);
    (0..3_i64, 1..8_u64, 0..4, columns).prop_map(|(at, version, kind, columns)| {
        let key = newest("a", at, "x");
        if kind == 0 {
            return delete(key, version);
        }
        let content = |column| match version % 3 {
            0 => Value::Null,
            _ => text(&format!("{column} of {at} in {version}")),
        };
        let cells = columns.into_iter().map(|column| (column, content(column))).collect();
        upsert(key, version, cells)
    })
}

/// The rows after these mutations, each time under another owner: tables of their own would take some stores long to make.
async fn filled(store: &Store, owner: u32, mutations: &[RowMutation], size: usize) -> Vec<Row> {
    let owner = format!("owner {owner}");
    let mut owned = mutations.to_vec();
    for mutation in &mut owned {
        let (RowMutation::Upsert { key, .. } | RowMutation::Delete { key, .. }) = mutation;
        key.0[0] = text(&owner);
    }
    for batch in owned.chunks(size) {
        apply(store, batch).await;
    }
    let partition_key = &[text(&owner)];
    let listing = Listing { table: &NEWEST_FIRST, partition_key, after: None, limit: 100 };
    let mut rows = store.list(VIEW, listing).await.unwrap().items;
    for row in &mut rows {
        row.key.0[0] = text("owner");
    }
    rows
}
