//! The rules of writing documents and of reading them back.

use chimera_model::SearchMutation;
use proptest::prelude::{Just, prop};
use proptest::prop_oneof;
use proptest::strategy::Strategy;
use proptest::test_runner::TestRunner;

use super::Store;
use super::notes::{
    NOTES, apply, at, created, document, everything, found, get, mutation, price, rating, text,
    titled,
};
use crate::contract::{VIEW, checkpoint, some};
use crate::error::StoreError;
use crate::search::Document;
use crate::view::View;

/// `get`, every kind of value.
pub(super) async fn a_document_is_read_as_it_was_written(store: Store) {
    created(&store).await;
    assert_eq!(get(&store, "a").await, None);
    let note = vec![
        ("title", vec![text("Ünïcode\u{0} \"<b>\"")]),
        ("names", vec![text("b"), text("a")]),
        ("link", vec![text("https://example.org/")]),
    ];
    let rated = vec![
        ("good", vec![true.into()]),
        ("stars", vec![(-3_i64).into()]),
        ("price", vec![price("-12.3456")]),
        ("at", vec![at(1_700_000_000_123_456)]),
    ];
    let mut with_empty = note.clone();
    with_empty.push(("tag", vec![]));
    apply(&store, &[mutation("a", "note", 3, Some(with_empty)), rating("a", 1, rated.clone())])
        .await;
    let expected = document(&[("note", 3, note), ("rating", 1, rated)]);
    assert_eq!(get(&store, "a").await, Some(expected));
    for id in ["b", "aa", "A"] {
        assert_eq!(get(&store, id).await, None);
    }
}

fn entitled(version: u64, title: &str) -> Document {
    document(&[("note", version, vec![("title", vec![text(title)])])])
}

/// Nor does an older version, or the same with other content.
pub(super) async fn applying_again_changes_nothing(store: Store) {
    created(&store).await;
    apply(&store, &[titled("a", 1, "one"), titled("a", 2, "two")]).await;
    for stale in [titled("a", 2, "other"), titled("a", 1, "one"), titled("a", 2, "two")] {
        apply(&store, &[stale]).await;
        assert_eq!(get(&store, "a").await, Some(entitled(2, "two")));
    }
}

/// Two streams write into one document, each its own part.
pub(super) async fn parts_keep_versions_of_their_own(store: Store) {
    created(&store).await;
    apply(&store, &[titled("a", 10, "ten")]).await;
    let stars = |stars: i64| vec![("stars", vec![stars.into()])];
    apply(&store, &[rating("a", 2, stars(2))]).await;
    apply(&store, &[rating("a", 1, stars(1))]).await;
    let title = vec![("title", vec![text("ten")])];
    let expected = document(&[("note", 10, title), ("rating", 2, stars(2))]);
    assert_eq!(get(&store, "a").await, Some(expected));
}

/// In the order given, as if each had been applied by itself.
pub(super) async fn mutations_of_one_call_see_each_other(store: Store) {
    created(&store).await;
    apply(
        &store,
        &[
            titled("a", 2, "two"),
            mutation("a", "note", 3, None),
            titled("a", 4, "four"),
            titled("a", 1, "one"),
        ],
    )
    .await;
    assert_eq!(get(&store, "a").await, Some(entitled(4, "four")));
}

/// A delete is remembered, and only a newer write is seen again.
pub(super) async fn a_late_write_does_not_undo_a_delete(store: Store) {
    created(&store).await;
    apply(&store, &[titled("a", 1, "one"), mutation("a", "note", 5, None)]).await;
    for version in [4, 5] {
        apply(&store, &[titled("a", version, "late")]).await;
        assert_eq!(get(&store, "a").await, None);
        assert!(everything(&store, VIEW, 10).await.is_empty());
        assert!(found(&store, &super::notes::all()).await.is_empty());
    }
    apply(&store, &[titled("a", 6, "back")]).await;
    assert_eq!(get(&store, "a").await, Some(entitled(6, "back")));
    assert_eq!(found(&store, &super::notes::about("back")).await, ["a"]);
}

/// In the same order each time, in pages of every size; also those that are not found yet.
pub(super) async fn a_scan_finds_every_document_once(store: Store) {
    created(&store).await;
    for number in 0..25_i64 {
        let stars = vec![("stars", vec![number.into()])];
        apply(&store, &[rating(&format!("id {number}"), 1, stars)]).await;
    }
    apply(&store, &[rating("gone", 1, vec![]), mutation("gone", "rating", 2, None)]).await;
    let documents = everything(&store, VIEW, 100).await;
    assert_eq!(documents.len(), 25);
    for limit in [1, 4, 24, 25, 26] {
        assert_eq!(everything(&store, VIEW, limit).await, documents);
    }
}

/// And neither sees the other's documents or checkpoints.
pub(super) async fn generations_lie_side_by_side(store: Store) {
    created(&store).await;
    let next = View::new(VIEW.model, 2);
    store.create(next, &[&NOTES]).await.unwrap();
    assert_eq!(store.generations(VIEW.model).await, Ok(vec![1, 2]));
    apply(&store, &[titled("a", 1, "old")]).await;
    store.apply(next, &[titled("a", 9, "new")], &[checkpoint(0, 9)]).await.unwrap();
    assert_eq!(get(&store, "a").await, Some(entitled(1, "old")));
    assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
    store.remove(VIEW).await.unwrap();
    assert_eq!(store.generations(VIEW.model).await, Ok(vec![2]));
    assert_eq!(store.get(next, &NOTES, "a").await.unwrap(), Some(entitled(9, "new")));
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
    store.apply(VIEW, &[titled("a", 1, "gone")], &[checkpoint(0, 1)]).await.unwrap();
    store.remove(VIEW).await.unwrap();
    let gone = store.get(VIEW, &NOTES, "a").await;
    assert!(matches!(gone, Err(StoreError::Transient(_))), "{gone:?}");
    let gone = store.search(VIEW, &NOTES, &super::notes::all()).await;
    assert!(matches!(gone, Err(StoreError::Transient(_))), "{gone:?}");
    assert!(matches!(store.apply(VIEW, &[], &[]).await, Err(StoreError::Fatal(_))));
    created(&store).await;
    assert_eq!(get(&store, "a").await, None);
    assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
}

/// An interrupted rebuild goes on where it was.
pub(super) async fn creating_again_keeps_what_is_there(store: Store) {
    created(&store).await;
    store.apply(VIEW, &[titled("a", 1, "kept")], &[checkpoint(0, 1)]).await.unwrap();
    created(&store).await;
    assert_eq!(get(&store, "a").await, Some(entitled(1, "kept")));
    assert_eq!(store.checkpoints(VIEW).await.unwrap(), [checkpoint(0, 1)]);
}

/// With its checkpoint.
pub(super) async fn a_mutation_that_does_not_fit_is_rejected(store: Store) {
    created(&store).await;
    let unfit = [
        mutation("a", "no such part", 1, None),
        mutation("a", "note", 1, Some(vec![("stars", vec![1_i64.into()])])),
        mutation("a", "rating", 1, Some(vec![("stars", vec![text("three")])])),
        titled("", 1, "no id"),
        titled(&"long".repeat(200), 1, "long id"),
    ];
    for mutation in unfit {
        let applied =
            store.apply(VIEW, &[titled("b", 1, "good"), mutation], &[checkpoint(0, 1)]).await;
        assert!(matches!(applied, Err(StoreError::Rejected(_))), "{applied:?}");
        assert_eq!(get(&store, "a").await, None);
        assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
    }
}

/// What makes a rebuild, a retry and a late event harmless.
pub(super) async fn any_order_and_repetition_gives_the_same_content(store: Store) {
    let mut runner = TestRunner::deterministic();
    let mutations = prop::collection::vec(any_mutation(), 1..40);
    for round in 0..10 {
        let mutations = some(&mut runner, &mutations);
        let mut shuffled = mutations.clone();
        shuffled.extend(mutations.iter().take(10).cloned());
        let shuffled = some(&mut runner, &Just(shuffled).prop_shuffle());
        let size = some(&mut runner, &(3..12_usize));
        let in_order = filled(&store, 2 * round + 1, &mutations, mutations.len()).await;
        assert_eq!(filled(&store, 2 * round + 2, &shuffled, size).await, in_order);
    }
}

/// Content follows from id, part and version, as it does in every projection.
fn any_mutation() -> impl Strategy<Value = SearchMutation> {
    let part = prop_oneof![Just(("note", "link")), Just(("rating", "stars"))];
    (0..3_u8, part, 1..8_u64).prop_map(|(id, (part, field), version)| {
        let value = match part {
            "note" => text(&format!("{part} of {id} in {version}")),
            _ => version.into(),
        };
        let fields = (version % 3 > 0).then(|| vec![(field, vec![value])]);
        mutation(&id.to_string(), part, version, fields)
    })
}

async fn filled(
    store: &Store,
    generation: u32,
    mutations: &[SearchMutation],
    size: usize,
) -> Vec<(String, Document)> {
    let view = View::new(VIEW.model, generation);
    store.create(view, &[&NOTES]).await.unwrap();
    for batch in mutations.chunks(size) {
        store.apply(view, batch, &[]).await.unwrap();
    }
    let documents = everything(store, view, 100).await;
    store.remove(view).await.unwrap();
    documents
}
