//! Several writers at once, of one process and of two: nothing is lost, and nothing older wins.

use std::collections::BTreeMap;

use chimera_model::SearchMutation;
use chimera_stores::OpenSearch;
use chimera_stores::search::{SearchReader, SearchWriter};
use proptest::prelude::{Just, prop};
use proptest::prop_oneof;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::stack::{Stack, VIEW, everything, part, stocked, titled};

const ROUNDS: usize = 20;

/// Few documents and many versions, so that the writers meet all the time. Content follows from part and version.
fn any_mutation(round: usize) -> impl Strategy<Value = SearchMutation> {
    let name = prop_oneof![Just("details"), Just("price"), Just("stock")];
    (0..4_u8, name, 1..60_u64).prop_map(move |(id, name, version)| {
        let id = format!("{round}-{id}");
        if version % 5 == 0 {
            return part(&id, name, version, None);
        }
        match name {
            "details" => titled(&id, version, &format!("title {version}")),
            "price" => part(&id, name, version, Some(vec![])),
            _ => stocked(&id, version, version.cast_signed()),
        }
    })
}

/// What must be left: of every part the newest.
fn newest(mutations: &[SearchMutation]) -> BTreeMap<(String, &'static str), u64> {
    let mut newest = BTreeMap::new();
    for mutation in mutations {
        let version = newest.entry((mutation.id.clone(), mutation.part)).or_insert(0);
        *version = mutation.version.max(*version);
    }
    newest.retain(|_, version| *version % 5 != 0);
    newest
}

async fn write(store: &OpenSearch, mutations: &[SearchMutation]) {
    for batch in mutations.chunks(5) {
        store.apply(VIEW, batch, &[]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_writers_racing_for_the_same_documents_none_loses_a_part() {
    let Some(stack) = Stack::new() else { return };
    let (one, other) = (stack.books().await, stack.books().await);
    let mut runner = TestRunner::deterministic();
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        let mutations = prop::collection::vec(any_mutation(round), 40..80);
        let mutations = mutations.new_tree(&mut runner).unwrap().current();
        let third = mutations.len() / 3;
        let (first, rest) = mutations.split_at(third);
        let (second, third) = rest.split_at(third);
        tokio::join!(write(&one, first), write(&other, second), write(&one, third));
        all.extend(mutations);
    }
    let mut left = BTreeMap::new();
    for (id, document) in everything(&stack.store()).await {
        for (name, (version, _)) in document.parts {
            left.insert((id.clone(), name), version);
        }
    }
    let expected = newest(&all);
    let expected: BTreeMap<(String, String), u64> = expected
        .into_iter()
        .map(|((id, part), version)| ((id, part.to_owned()), version))
        .collect();
    assert_eq!(left, expected);
}

/// A sum of the parts' versions would take the second write here, for 6 is more than 3, and lose the first.
#[tokio::test]
async fn a_write_with_much_newer_versions_keeps_what_another_wrote_meanwhile() {
    let Some(stack) = Stack::new() else { return };
    let (one, other) = (stack.books().await, stack.books().await);
    let begun = [titled("a", 1, "one"), stocked("a", 1, 1)];
    one.apply(VIEW, &begun, &[]).await.unwrap();
    other.apply(VIEW, &[stocked("a", 2, 2)], &[]).await.unwrap();
    one.apply(VIEW, &[titled("a", 5, "five")], &[]).await.unwrap();
    let document = everything(&other).await.remove("a").unwrap();
    assert_eq!((document.parts["details"].0, document.parts["stock"].0), (5, 2));
    assert_eq!(one.get(VIEW, &crate::stack::BOOKS, "a").await.unwrap(), Some(document));
}
