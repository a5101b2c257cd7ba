//! The rules of lists, scans, generations and checkpoints.

use chimera_model::{RowKey, Value};

use super::tables::{NEWEST_FIRST, UPWARDS, newest, text, upsert, upwards, write};
use super::{Store, apply, created, everything, expected, listed, written};
use crate::contract::{VIEW, checkpoint};
use crate::error::StoreError;
use crate::rows::Listing;
use crate::view::View;

/// Descending and ascending columns, and pages of every size.
pub(super) async fn a_list_is_in_clustering_order_both_ways_and_in_pages(store: Store) {
    created(&store).await;
    let down = [(9, "a"), (9, "b"), (3, "a"), (0, ""), (-7, "z")];
    let down: Vec<RowKey> = down.iter().map(|(at, id)| newest("me", *at, id)).collect();
    let up = [i64::MIN, -300, -1, 0, 1, 255, 256, i64::MAX];
    let up: Vec<RowKey> = up.iter().map(|number| upwards("k", 2026, *number)).collect();
    for key in down.iter().rev().chain(up.iter().rev()) {
        apply(&store, &[upsert(key.clone(), 1, vec![("text", text("t"))])]).await;
    }
    for limit in 1..10 {
        assert_eq!(listed(&store, &NEWEST_FIRST, &[text("me")], limit).await, down);
        let partition = [text("k"), Value::Integer(2026)];
        assert_eq!(listed(&store, &UPWARDS, &partition, limit).await, up);
    }
}

/// However alike the neighbours' keys are.
pub(super) async fn a_list_holds_its_partition_only(store: Store) {
    created(&store).await;
    for owner in ["me", "m", "me\0", "mee", "me\u{1}", "mf", "ME"] {
        apply(&store, &[upsert(newest(owner, 1, "x"), 1, vec![])]).await;
    }
    assert_eq!(listed(&store, &NEWEST_FIRST, &[text("me")], 10).await, [newest("me", 1, "x")]);
    assert!(listed(&store, &NEWEST_FIRST, &[text("nobody")], 10).await.is_empty());
}

/// It came by way of a client.
pub(super) async fn a_cursor_of_another_list_is_refused(store: Store) {
    created(&store).await;
    for id in ["x", "y"] {
        apply(&store, &[upsert(newest("other", 1, id), 1, vec![])]).await;
    }
    let (table, limit) = (&NEWEST_FIRST, 1);
    let others = Listing { table, partition_key: &[text("other")], after: None, limit };
    let next = store.list(VIEW, others).await.unwrap().next;
    let mine = Listing { table, partition_key: &[text("me")], after: next.as_ref(), limit };
    assert!(matches!(store.list(VIEW, mine).await, Err(StoreError::Rejected(_))));
}

/// In the same order each time, in pages of every size.
pub(super) async fn a_scan_finds_every_row_once(store: Store) {
    created(&store).await;
    for number in 0..25 {
        let key = newest(&format!("owner {}", number % 4), number, "x");
        apply(&store, &[upsert(key, 1, vec![])]).await;
    }
    let rows = everything(&store, &NEWEST_FIRST, 100).await;
    assert_eq!(rows.len(), 25);
    for limit in [1, 4, 24, 25, 26] {
        assert_eq!(everything(&store, &NEWEST_FIRST, limit).await, rows);
    }
    assert!(everything(&store, &UPWARDS, 3).await.is_empty());
}

/// And neither sees the other's rows or checkpoints.
pub(super) async fn generations_lie_side_by_side(store: Store) {
    created(&store).await;
    let next = View::new(VIEW.model, 2);
    store.create(next, &[&NEWEST_FIRST, &UPWARDS]).await.unwrap();
    assert_eq!(store.generations(VIEW.model).await, Ok(vec![1, 2]));
    apply(&store, &[write(1, "old")]).await;
    store.apply(next, &[write(9, "new")], &[checkpoint(0, 9)]).await.unwrap();
    assert_eq!(written(&store).await, expected("old", 1));
    assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
    store.remove(VIEW).await.unwrap();
    assert_eq!(store.generations(VIEW.model).await, Ok(vec![2]));
    let row = store.get(next, &NEWEST_FIRST, &newest("a", 1, "x")).await.unwrap().unwrap();
    assert_eq!(row.cells["text"], text("new"));
}

/// Each partition by itself; a repeated batch does not set one back.
pub(super) async fn checkpoints_move_forward_only(store: Store) {
    created(&store).await;
    for (partition, sequence) in [(0, 5), (1, 2), (0, 9), (0, 7), (1, 2)] {
        store.apply(VIEW, &[], &[checkpoint(partition, sequence)]).await.unwrap();
    }
    let mut checkpoints = store.checkpoints(VIEW).await.unwrap();
    checkpoints.sort();
    assert_eq!(checkpoints, [checkpoint(0, 9), checkpoint(1, 2)]);
}

/// A generation of the same number later starts from nothing.
pub(super) async fn a_removed_view_leaves_nothing_behind(store: Store) {
    store.remove(VIEW).await.unwrap();
    created(&store).await;
    store.apply(VIEW, &[write(1, "gone")], &[checkpoint(0, 1)]).await.unwrap();
    store.remove(VIEW).await.unwrap();
    let gone = store.get(VIEW, &NEWEST_FIRST, &newest("a", 1, "x")).await;
    assert!(matches!(gone, Err(StoreError::Transient(_))), "{gone:?}");
    assert!(matches!(store.apply(VIEW, &[], &[]).await, Err(StoreError::Fatal(_))));
    created(&store).await;
    assert_eq!(written(&store).await, None);
    assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
}

/// An interrupted rebuild goes on where it was.
pub(super) async fn creating_again_keeps_what_is_there(store: Store) {
    created(&store).await;
    store.apply(VIEW, &[write(1, "kept")], &[checkpoint(0, 1)]).await.unwrap();
    created(&store).await;
    assert_eq!(written(&store).await, expected("kept", 1));
    assert_eq!(store.checkpoints(VIEW).await.unwrap(), [checkpoint(0, 1)]);
}
