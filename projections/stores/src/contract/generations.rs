//! The rules of live pointers.

use std::sync::Arc;

use crate::generations::Generations;

/// Fresh pointers.
pub type Store = Arc<dyn Generations>;

/// Before the first rebuild there is nothing to read.
pub async fn nothing_is_live_at_first(store: Store) {
    assert_eq!(store.live_generation("orders").await, Ok(None));
}

/// Back as well as forth; other read models stay where they are.
pub async fn a_swap_is_seen_at_once_and_by_one_model_only(store: Store) {
    store.set_live("products", 7).await.unwrap();
    for generation in [1, 2, 3, 2] {
        store.set_live("orders", generation).await.unwrap();
        assert_eq!(store.live_generation("orders").await, Ok(Some(generation)));
        assert_eq!(store.live_generation("products").await, Ok(Some(7)));
    }
}
