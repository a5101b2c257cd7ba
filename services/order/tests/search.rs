//! Products are found, with filters, counts and pages; a plain list stands in while the search store is away.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod shop;

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use shop::{Answer, Shop, ask, get, post};

/// Three books, of which one is on the shelf, all of them found.
async fn books() -> Shop {
    let (shop, mut positions) = (Shop::open().await, vec![]);
    let books = [
        ("B-1", "The Hobbit", "J.R.R. Tolkien", "12.00", "9780618260300"),
        ("B-2", "The Silmarillion", "J.R.R. Tolkien", "20.00", "9780618391110"),
        ("B-3", "Emma", "Jane Austen", "4.50", "9780141439587"),
    ];
    for (id, title, author, price, isbn) in books {
        let details =
            json!({"title": title, "authors": [author], "isbn": isbn, "categories": ["Novel"]});
        let price = json!({"amount": price, "currency": "GBP"});
        let body = json!({"productId": id, "details": details, "price": price});
        let created = shop.ask(post("/api/v1/products", &body).key(id)).await;
        positions.push(created.is(201).position());
    }
    let body = json!({"delta": 5, "reason": "RECEIVED"});
    let stocked = shop.ask(post("/api/v1/inventory/B-1/adjustments", &body).key("stock")).await;
    positions.push(stocked.is(201).position());
    let body = json!({"price": {"amount": "21.00", "currency": "GBP"}});
    let priced = shop.ask(ask("PUT", "/api/v1/products/B-2/price", &body).key("price")).await;
    positions.push(priced.is(200).position());
    for position in positions {
        found(&shop, &format!("after={position}")).await;
    }
    shop
}

async fn found(shop: &Shop, query: &str) -> Answer {
    shop.ask(get(&format!("/api/v1/products/search?{query}"))).await.is(200)
}

fn ids(answer: &Answer) -> Vec<&str> {
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["productId"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_filters_and_orders_find_what_they_say() {
    let shop = books().await;
    for (query, expected) in [
        ("q=silmarilion", vec!["B-2"]),
        ("q=tolkien%20hobb", vec!["B-1"]),
        ("q=978-0-14-143958-7", vec!["B-3"]),
        ("author=J.R.R.%20Tolkien&sort=price_desc", vec!["B-2", "B-1"]),
        ("sort=price_asc", vec!["B-3", "B-1", "B-2"]),
        ("min_price=20.5&max_price=21", vec!["B-2"]),
        ("in_stock=true", vec!["B-1"]),
        ("category=Novel&format=EBOOK", vec![]),
    ] {
        let answer = found(&shop, query).await;
        assert_eq!(ids(&answer), expected, "{query}");
        assert!(!answer.headers.contains_key("warning"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_shows_counts_highlights_and_stock() {
    let shop = books().await;
    let answer = found(&shop, "q=tolkien").await;
    assert_eq!(answer.body["total"], 2);
    let facets = &answer.body["facets"];
    assert_eq!(facets["author"], json!([{"value": "J.R.R. Tolkien", "products": 2}]));
    assert_eq!(facets["category"], json!([{"value": "Novel", "products": 2}]));
    assert_eq!(facets["inStock"], 1);
    let prices: Vec<&Value> =
        facets["price"].as_array().unwrap().iter().map(|range| &range["products"]).collect();
    assert_eq!(prices, [0, 0, 1, 1, 0, 0]);
    let hobbit = &answer.body["items"][0];
    assert_eq!(hobbit["highlights"]["authors"], "J.R.R. <em>Tolkien</em>");
    assert_eq!((&hobbit["inStock"], &hobbit["price"]["amount"]), (&json!(true), &json!("12.00")));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_lead_through_everything_also_while_search_is_away() {
    let shop = books().await;
    for away in [false, true] {
        shop.finder.is_away.store(away, Ordering::Relaxed);
        let (mut seen, mut query) = (vec![], "limit=1".to_owned());
        loop {
            let answer = found(&shop, &query).await;
            assert_eq!(answer.headers.contains_key("warning"), away);
            seen.extend(ids(&answer).into_iter().map(str::to_owned));
            let Some(next) = answer.body["next"].as_str() else { break };
            query = format!("limit=1&cursor={next}");
        }
        seen.sort();
        assert_eq!(seen, ["B-1", "B-2", "B-3"], "away: {away}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_search_is_away_a_plain_list_heeds_what_rows_know_and_says_so() {
    let shop = books().await;
    shop.finder.is_away.store(true, Ordering::Relaxed);
    let answer = found(&shop, "q=nothing&author=Jane%20Austen").await;
    assert_eq!(ids(&answer), ["B-3"]);
    let warning = answer.headers["warning"].to_str().unwrap();
    assert!(warning.starts_with("199 chimera \"search is degraded"), "{warning}");
    assert!(answer.body.get("facets").is_none() && answer.body.get("total").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_sold_is_not_found_unless_asked_for() {
    let shop = books().await;
    let gone = ask("DELETE", "/api/v1/products/B-3", &json!({})).key("gone");
    let position = shop.ask(gone).await.position();
    assert!(ids(&found(&shop, &format!("q=emma&after={position}")).await).is_empty());
    let asked = found(&shop, &format!("q=emma&discontinued=true&after={position}")).await;
    assert_eq!(ids(&asked), ["B-3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_with_its_field() {
    let shop = books().await;
    for (query, field) in
        [("sort=best", "sort"), ("min_price=cheap", "min_price"), ("format=scroll", "format")]
    {
        let answer = shop.ask(get(&format!("/api/v1/products/search?{query}"))).await;
        assert_eq!((answer.status, &answer.body["field"]), (400, &json!(field)), "{query}");
    }
    let next = found(&shop, "limit=1").await.body["next"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/products/search?limit=1&q=emma&cursor={next}");
    let foreign = shop.ask(get(&path)).await;
    assert_eq!(foreign.body["code"], "cursor.invalid");
}
