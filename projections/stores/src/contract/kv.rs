//! The rules of key-value stores.

use std::collections::BTreeMap;
use std::sync::Arc;

use chimera_model::{KvMutation, KvSpec};
use proptest::prelude::{Just, prop};
use proptest::prop_oneof;
use proptest::strategy::Strategy;
use proptest::test_runner::TestRunner;

use super::rules::Rules;
use super::{VIEW, checkpoint, some};
use crate::error::StoreError;
use crate::kv::{KvStore, KvValue};
use crate::page::Scanned;
use crate::view::View;

/// A fresh store.
pub type Store = Arc<dyn KvStore>;

/// Every rule of key-value stores, each on a fresh one; fails with the names of all that are broken.
///
/// `make` gives something to keep alive, and the fresh one.
pub async fn keeps_the_contract<K, R: Future<Output = (K, Store)>>(make: impl Fn() -> R) {
    let mut rules = Rules::on(make);
    rules.check(a_value_is_read_as_it_was_written).await;
    rules.check(applying_again_changes_nothing).await;
    rules.check(parts_keep_versions_of_their_own).await;
    rules.check(versions_are_compared_to_the_last_digit).await;
    rules.check(a_late_write_does_not_undo_a_delete).await;
    rules.check(several_values_are_read_in_the_order_asked).await;
    rules.check(a_scan_finds_every_value_once).await;
    rules.check(generations_lie_side_by_side).await;
    rules.check(checkpoints_move_forward_only).await;
    rules.check(a_removed_view_leaves_nothing_behind).await;
    rules.check(creating_again_keeps_what_is_there).await;
    rules.check(other_parts_are_refused).await;
    rules.check(a_mutation_that_does_not_fit_is_rejected_whole).await;
    rules.check(any_order_and_repetition_gives_the_same_content).await;
    rules.are_kept();
}

static SPACE: KvSpec = KvSpec { space: "product", parts: &["product", "stock"] };

fn mutation(id: &str, part: &'static str, version: u64, value: Option<&str>) -> KvMutation {
    let value = value.map(str::to_owned);
    KvMutation { space: &SPACE, id: id.to_owned(), part, value, version }
}

fn product(version: u64, value: &str) -> KvMutation {
    mutation("a", "product", version, Some(value))
}

fn value(parts: &[(&str, u64, &str)]) -> KvValue {
    let mut value = KvValue { parts: BTreeMap::new() };
    for (part, version, content) in parts {
        value.parts.insert((*part).to_owned(), (*version, (*content).to_owned()));
    }
    value
}

async fn created(store: &Store) {
    store.create(VIEW, &[&SPACE]).await.unwrap();
}

async fn apply(store: &Store, mutations: &[KvMutation]) {
    store.apply(VIEW, mutations, &[]).await.unwrap();
}

async fn get(store: &Store, id: &str) -> Option<KvValue> {
    store.get(VIEW, &SPACE, id).await.unwrap()
}

/// Every value of a view, in pages of `limit`.
async fn everything(store: &Store, view: View, limit: usize) -> Vec<(String, KvValue)> {
    let (mut values, mut after) = (Vec::new(), None);
    loop {
        let page = store.scan(view, &SPACE, after.as_ref(), limit).await.unwrap();
        assert!(page.items.len() <= limit, "a page is bounded");
        for scanned in page.items {
            match scanned {
                Scanned::Sound(found) => values.push(found),
                Scanned::Damaged { reason, .. } => panic!("{reason}"),
            }
        }
        after = page.next;
        if after.is_none() {
            return values;
        }
    }
}

/// `get`.
async fn a_value_is_read_as_it_was_written(store: Store) {
    created(&store).await;
    assert_eq!(get(&store, "a").await, None);
    apply(&store, &[product(3, r#"{"title":"ünïcode\u0000"}"#)]).await;
    let expected = value(&[("product", 3, r#"{"title":"ünïcode\u0000"}"#)]);
    assert_eq!(get(&store, "a").await, Some(expected));
    for id in ["", "b", "aa"] {
        assert_eq!(get(&store, id).await, None);
    }
}

/// Nor does an older version, or the same with other content.
async fn applying_again_changes_nothing(store: Store) {
    created(&store).await;
    apply(&store, &[product(1, "1"), product(2, "2")]).await;
    for stale in [product(2, "other"), product(1, "1"), product(2, "2")] {
        apply(&store, &[stale]).await;
        assert_eq!(get(&store, "a").await, Some(value(&[("product", 2, "2")])));
    }
}

/// Two streams write into one value, each its own part.
async fn parts_keep_versions_of_their_own(store: Store) {
    created(&store).await;
    apply(&store, &[product(10, "ten")]).await;
    apply(&store, &[mutation("a", "stock", 2, Some("two"))]).await;
    apply(&store, &[mutation("a", "stock", 1, Some("one"))]).await;
    let expected = value(&[("product", 10, "ten"), ("stock", 2, "two")]);
    assert_eq!(get(&store, "a").await, Some(expected));
}

/// Also where a floating-point number could not tell them apart.
async fn versions_are_compared_to_the_last_digit(store: Store) {
    created(&store).await;
    let edge = 1 << 53;
    for version in [9, 10, edge, edge + 1, u64::MAX - 1, u64::MAX] {
        let content = version.to_string();
        apply(&store, &[product(version, &content)]).await;
        apply(&store, &[product(version - 1, "late"), product(version, "other")]).await;
        assert_eq!(get(&store, "a").await, Some(value(&[("product", version, &content)])));
        store.apply(VIEW, &[], &[checkpoint(0, version)]).await.unwrap();
        store.apply(VIEW, &[], &[checkpoint(0, version - 1)]).await.unwrap();
        assert_eq!(store.checkpoints(VIEW).await, Ok(vec![checkpoint(0, version)]));
    }
}

/// A delete is remembered, and only a newer write is seen again.
async fn a_late_write_does_not_undo_a_delete(store: Store) {
    created(&store).await;
    apply(&store, &[product(1, "1"), mutation("a", "product", 5, None)]).await;
    for version in [4, 5] {
        apply(&store, &[product(version, "late")]).await;
        assert_eq!(get(&store, "a").await, None);
        assert!(everything(&store, VIEW, 10).await.is_empty());
    }
    apply(&store, &[product(6, "back")]).await;
    assert_eq!(get(&store, "a").await, Some(value(&[("product", 6, "back")])));
}

/// Those that aren't there among them.
async fn several_values_are_read_in_the_order_asked(store: Store) {
    created(&store).await;
    for id in ["a", "b", "c"] {
        apply(&store, &[mutation(id, "stock", 1, Some(id))]).await;
    }
    let found = store.get_many(VIEW, &SPACE, &["c", "none", "a"]).await.unwrap();
    let expected = |id| Some(value(&[("stock", 1, id)]));
    assert_eq!(found, [expected("c"), None, expected("a")]);
}

/// In the same order each time, in pages of every size.
async fn a_scan_finds_every_value_once(store: Store) {
    created(&store).await;
    for number in 0..25 {
        apply(&store, &[mutation(&format!("id {number}"), "stock", 1, Some("{}"))]).await;
    }
    let values = everything(&store, VIEW, 100).await;
    assert_eq!(values.len(), 25);
    for limit in [1, 4, 24, 25, 26] {
        assert_eq!(everything(&store, VIEW, limit).await, values);
    }
}

/// And neither sees the other's values or checkpoints.
async fn generations_lie_side_by_side(store: Store) {
    created(&store).await;
    let next = View::new(VIEW.model, 2);
    store.create(next, &[&SPACE]).await.unwrap();
    assert_eq!(store.generations(VIEW.model).await, Ok(vec![1, 2]));
    apply(&store, &[product(1, "old")]).await;
    store.apply(next, &[product(9, "new")], &[checkpoint(0, 9)]).await.unwrap();
    assert_eq!(get(&store, "a").await, Some(value(&[("product", 1, "old")])));
    assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
    store.remove(VIEW).await.unwrap();
    let found = store.get(next, &SPACE, "a").await.unwrap();
    assert_eq!(found, Some(value(&[("product", 9, "new")])));
}

/// Each partition by itself; a repeated batch does not set one back.
async fn checkpoints_move_forward_only(store: Store) {
    created(&store).await;
    for (partition, sequence) in [(0, 5), (1, 2), (0, 9), (0, 7), (1, 2)] {
        store.apply(VIEW, &[], &[checkpoint(partition, sequence)]).await.unwrap();
    }
    let mut checkpoints = store.checkpoints(VIEW).await.unwrap();
    checkpoints.sort();
    assert_eq!(checkpoints, [checkpoint(0, 9), checkpoint(1, 2)]);
}

/// A generation of the same number later starts from nothing.
async fn a_removed_view_leaves_nothing_behind(store: Store) {
    store.remove(VIEW).await.unwrap();
    created(&store).await;
    store.apply(VIEW, &[product(1, "gone")], &[checkpoint(0, 1)]).await.unwrap();
    store.remove(VIEW).await.unwrap();
    let gone = store.get(VIEW, &SPACE, "a").await;
    assert!(matches!(gone, Err(StoreError::Transient(_))), "{gone:?}");
    assert!(matches!(store.apply(VIEW, &[], &[]).await, Err(StoreError::Fatal(_))));
    created(&store).await;
    assert_eq!(get(&store, "a").await, None);
    assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
}

/// As every start of a worker does.
async fn creating_again_keeps_what_is_there(store: Store) {
    created(&store).await;
    store.apply(VIEW, &[product(1, "kept")], &[checkpoint(0, 1)]).await.unwrap();
    created(&store).await;
    assert_eq!(get(&store, "a").await, Some(value(&[("product", 1, "kept")])));
    assert_eq!(store.checkpoints(VIEW).await, Ok(vec![checkpoint(0, 1)]));
}

/// A value means nothing to a program whose parts are others.
async fn other_parts_are_refused(store: Store) {
    static OTHER: KvSpec = KvSpec { space: "product", parts: &["product", "price"] };
    created(&store).await;
    let made = store.create(VIEW, &[&OTHER]).await;
    assert!(matches!(made, Err(StoreError::Fatal(_))), "{made:?}");
    let read = store.get(VIEW, &OTHER, "a").await;
    assert!(matches!(read, Err(StoreError::Fatal(_))), "{read:?}");
}

/// Nothing of the call is applied.
async fn a_mutation_that_does_not_fit_is_rejected_whole(store: Store) {
    created(&store).await;
    let unfit = [
        mutation("a", "no such part", 1, None),
        mutation("", "product", 1, None),
        mutation(&"long".repeat(20_000), "product", 1, None),
    ];
    for mutation in unfit {
        let applied = store.apply(VIEW, &[product(1, "good"), mutation], &[checkpoint(0, 1)]).await;
        assert!(matches!(applied, Err(StoreError::Rejected(_))), "{applied:?}");
        assert_eq!(get(&store, "a").await, None);
        assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
    }
}

/// What makes a rebuild, a retry and a late event harmless.
async fn any_order_and_repetition_gives_the_same_content(store: Store) {
    let mut runner = TestRunner::deterministic();
    let mutations = prop::collection::vec(any_mutation(), 1..40);
    for round in 0..50 {
        let mutations = some(&mut runner, &mutations);
        let mut shuffled = mutations.clone();
        shuffled.extend(mutations.iter().take(10).cloned());
        let shuffled = some(&mut runner, &Just(shuffled).prop_shuffle());
        let size = some(&mut runner, &(1..12_usize));
        let in_order = filled(&store, 2 * round + 1, &mutations, mutations.len()).await;
        assert_eq!(filled(&store, 2 * round + 2, &shuffled, size).await, in_order);
    }
}

/// Content follows from id, part and version, as it does in every projection.
fn any_mutation() -> impl Strategy<Value = KvMutation> {
    let part = prop_oneof![Just("product"), Just("stock")];
    (0..3_u8, part, 1..8_u64).prop_map(|(id, part, version)| {
        let content = format!("{part} of {id} in {version}");
        mutation(&id.to_string(), part, version, (version % 3 > 0).then_some(content.as_str()))
    })
}

async fn filled(
    store: &Store,
    generation: u32,
    mutations: &[KvMutation],
    size: usize,
) -> Vec<(String, KvValue)> {
    let view = View::new(VIEW.model, generation);
    store.create(view, &[&SPACE]).await.unwrap();
    for batch in mutations.chunks(size) {
        store.apply(view, batch, &[]).await.unwrap();
    }
    let values = everything(store, view, 100).await;
    store.remove(view).await.unwrap();
    values
}
