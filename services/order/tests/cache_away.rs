//! What is read while the cache is away, or has lost what it held.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod shop;

use std::sync::atomic::Ordering;

use serde_json::json;
use shop::{Answer, Shop, get, post};

/// What both endpoints answer about the product, one after the other.
async fn seen(shop: &Shop, after: &str) -> [Answer; 2] {
    let product = format!("/api/v1/products/P-1{after}");
    let stock = format!("/api/v1/inventory/P-1{after}");
    [shop.ask(get(&product)).await, shop.ask(get(&stock)).await]
}

async fn stocked() -> (Shop, String) {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    let more = json!({"delta": 2, "reason": "RECEIVED"});
    let adjusted = post("/api/v1/inventory/P-1/adjustments", &more).key("more");
    let position =
        shop.ask(adjusted).await.is(201).headers["chimera-position"].to_str().unwrap().to_owned();
    (shop, format!("?after={position}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_cache_knows_the_tables_know_and_the_answer_says_so() {
    let (shop, after) = stocked().await;
    let usual = seen(&shop, &after).await;
    shop.cache.is_away.store(true, Ordering::Relaxed);
    for (usual, warned) in usual.iter().zip(seen(&shop, &after).await) {
        assert_eq!((usual.status, warned.status), (200, 200));
        assert_eq!(usual.body, warned.body);
        assert!(!usual.headers.contains_key("warning"));
        let warning = warned.headers["warning"].to_str().unwrap();
        assert!(warning.starts_with("199 chimera \"the cache is away"), "{warning}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cache_has_lost_is_read_from_the_tables() {
    let (shop, after) = stocked().await;
    let usual = seen(&shop, &after).await;
    shop.cache.is_empty.store(true, Ordering::Relaxed);
    for (usual, found) in usual.iter().zip(seen(&shop, "").await) {
        assert_eq!((found.status, &found.body), (200, &usual.body));
        assert!(!found.headers.contains_key("warning"), "nothing of it may be old");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows_is_not_found_with_or_without_the_cache() {
    let (shop, _) = stocked().await;
    for away in [false, true] {
        shop.cache.is_away.store(away, Ordering::Relaxed);
        for path in ["/api/v1/products/P-404", "/api/v1/inventory/P-404"] {
            assert_eq!(shop.ask(get(path)).await.status, 404, "{path}");
        }
    }
}
