//! The key-values on Redis keep the contract; how they lie there; what is damaged, left over or forgotten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests")]

mod redis_stack;

use chimera_stores::contract::kv;
use chimera_stores::{KvReader, KvWriter, Scanned, StoreError, View};
use redis_stack::{Prefix, SPACE, VIEW, at, is_there, mutation, mutations, run, shared};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_value_store_keeps_the_contract() {
    if !is_there() {
        return;
    }
    kv::keeps_the_contract(|| async {
        let prefix = Prefix::fresh(&shared());
        let store: kv::Store = prefix.store();
        (prefix, store)
    })
    .await;
}

#[tokio::test]
async fn values_lie_under_keys_that_an_operator_can_read() {
    if !is_there() {
        return;
    }
    let prefix = Prefix::fresh(&shared());
    let store = prefix.store();
    store.create(VIEW, &[&SPACE]).await.unwrap();
    store.apply(VIEW, &[mutation(17, 3)], &[at(0, 9)]).await.unwrap();
    let text = &prefix.text;
    let expected = [format!("{text}product:{{P-17}}:g1"), format!("{text}views:{{shelf}}")];
    assert_eq!(prefix.keys(), expected);
    let mut raw = redis_stack::raw(&shared());
    let stored: String =
        redis::cmd("HGET").arg(&expected[0]).arg("product").query(&mut raw).unwrap();
    assert_eq!(stored, r#"3 {"title":"number 17","version":3}"#);
    let reached: u64 = redis::cmd("HGET")
        .arg(&expected[1])
        .arg("g1:ecommerce.product.product:0")
        .query(&mut raw)
        .unwrap();
    assert_eq!(reached, 9);
}

#[tokio::test]
async fn damaged_values_are_named_and_the_scan_goes_on() {
    if !is_there() {
        return;
    }
    let prefix = Prefix::fresh(&shared());
    let store = prefix.store();
    store.create(VIEW, &[&SPACE]).await.unwrap();
    store.apply(VIEW, &mutations(5, 1), &[]).await.unwrap();
    let key = |number: usize| format!("{}product:{{P-{number}}}:g1", prefix.text);
    run(&shared(), &["DEL", &key(1)]);
    run(&shared(), &["SET", &key(1), "no hash"]);
    run(&shared(), &["HSET", &key(2), "product", "no version"]);
    run(&shared(), &["HSET", &key(3), "no such part", "1 {}"]);
    let page = store.scan(VIEW, &SPACE, None, 10).await.unwrap();
    let mut found = Vec::new();
    for item in page.items {
        found.push(match item {
            Scanned::Sound((id, _)) => id,
            Scanned::Damaged { key, .. } => format!("damaged {}", key.unwrap()),
        });
    }
    assert_eq!(found, ["P-0", "damaged P-1", "damaged P-2", "damaged P-3", "P-4"]);
    for id in ["P-1", "P-2", "P-3"] {
        let Err(StoreError::Fatal(text)) = store.get(VIEW, &SPACE, id).await else { panic!() };
        assert!(text.contains(id), "{text}");
    }
    let Err(StoreError::Fatal(text)) = store.apply(VIEW, &mutations(5, 2), &[at(0, 9)]).await
    else {
        panic!()
    };
    assert!(text.contains("WRONGTYPE"), "{text}");
    assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_scan_whose_list_was_given_up_goes_on_where_it_was() {
    if !is_there() {
        return;
    }
    let prefix = Prefix::fresh(&shared());
    let (store, other) = (prefix.store(), prefix.store());
    store.create(VIEW, &[&SPACE]).await.unwrap();
    store.apply(VIEW, &mutations(10, 1), &[]).await.unwrap();
    let first = store.scan(VIEW, &SPACE, None, 4).await.unwrap();
    let rest = other.scan(VIEW, &SPACE, first.next.as_ref(), 100).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (4, 6, None));
}

#[tokio::test]
async fn a_removed_view_leaves_no_key_and_neighbours_alone() {
    if !is_there() {
        return;
    }
    let prefix = Prefix::fresh(&shared());
    let store = prefix.store();
    let (next, tenth) = (View::new(VIEW.model, 2), View::new(VIEW.model, 11));
    for view in [VIEW, next, tenth] {
        store.create(view, &[&SPACE]).await.unwrap();
        store.apply(view, &mutations(3_000, 1), &[at(0, 1)]).await.unwrap();
    }
    store.remove(VIEW).await.unwrap();
    assert_eq!(prefix.keys().len(), 6_001);
    assert_eq!(store.generations(VIEW.model).await, Ok(vec![2, 11]));
    for view in [next, tenth] {
        assert_eq!(store.checkpoints(view).await, Ok(vec![at(0, 1)]));
        store.remove(view).await.unwrap();
    }
    assert_eq!(prefix.keys(), [""; 0]);
}

#[tokio::test]
async fn an_interrupted_removal_is_seen_and_finished_by_the_next_call() {
    if !is_there() {
        return;
    }
    let prefix = Prefix::fresh(&shared());
    let store = prefix.store();
    for again in ["remove", "create"] {
        store.create(VIEW, &[&SPACE]).await.unwrap();
        store.apply(VIEW, &mutations(10, 1), &[at(0, 1)]).await.unwrap();
        // As far as a removal comes that is killed at once.
        run(&shared(), &["HDEL", &format!("{}views:{{shelf}}", prefix.text), "g1"]);
        let gone = store.get(VIEW, &SPACE, "P-1").await;
        assert!(matches!(gone, Err(StoreError::Transient(_))), "{gone:?}");
        assert_eq!(store.generations(VIEW.model).await, Ok(vec![1]));
        if again == "create" {
            store.create(VIEW, &[&SPACE]).await.unwrap();
            assert_eq!(store.get(VIEW, &SPACE, "P-1").await, Ok(None));
            assert_eq!(store.checkpoints(VIEW).await, Ok(vec![]));
        }
        store.remove(VIEW).await.unwrap();
        assert_eq!(prefix.keys(), [""; 0]);
    }
}

#[tokio::test]
async fn reading_and_writing_a_thousand_values_takes_them_all() {
    if !is_there() {
        return;
    }
    let prefix = Prefix::fresh(&shared());
    let store = prefix.store();
    store.create(VIEW, &[&SPACE]).await.unwrap();
    store.apply(VIEW, &mutations(1_700, 1), &[]).await.unwrap();
    let ids: Vec<String> = (0..1_701).map(|number| format!("P-{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let found = store.get_many(VIEW, &SPACE, &ids).await.unwrap();
    assert_eq!(found.iter().flatten().count(), 1_700);
    assert_eq!((found[1_699].is_some(), found[1_700].is_none()), (true, true));
    assert_eq!(store.get_many(VIEW, &SPACE, &[]).await, Ok(vec![]));
}
