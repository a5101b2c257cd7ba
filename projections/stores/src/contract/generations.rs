//! The rules of live pointers.

use std::sync::Arc;

use super::rules::Rules;
use crate::generations::Generations;

/// Fresh pointers.
pub type Store = Arc<dyn Generations>;

/// Every rule of live pointers, each on a fresh one; fails with the names of all that are broken.
///
/// `make` gives something to keep alive, and the fresh one.
pub async fn keeps_the_contract<K, R: Future<Output = (K, Store)>>(make: impl Fn() -> R) {
    let mut rules = Rules::on(make);
    rules.check(nothing_is_live_at_first).await;
    rules.check(a_swap_is_seen_at_once_and_by_one_model_only).await;
    rules.are_kept();
}

/// Before the first rebuild there is nothing to read.
async fn nothing_is_live_at_first(store: Store) {
    assert_eq!(store.live_generation("orders").await, Ok(None));
}

/// Back as well as forth; other read models stay where they are.
async fn a_swap_is_seen_at_once_and_by_one_model_only(store: Store) {
    store.set_live("products", 7).await.unwrap();
    for generation in [1, 2, 3, 2] {
        store.set_live("orders", generation).await.unwrap();
        assert_eq!(store.live_generation("orders").await, Ok(Some(generation)));
        assert_eq!(store.live_generation("products").await, Ok(Some(7)));
    }
}
