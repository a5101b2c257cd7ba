//! What happens to orders, told through the API.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test asks for again and again has to come"
)]

mod shop;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shop::{Shop, ask, get, post};

/// Far longer than anything here takes, so that only what never comes fails.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_placed_paid_shipped_delivered_sent_back_and_refunded() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    let placed = shop.place("k-1", "P-1", 2).await;
    assert_eq!(
        (&placed.body["status"], &placed.body["confirmed"]),
        (&json!("PENDING"), &json!(true))
    );
    assert_eq!(placed.body["totals"]["total"], "25.50");
    assert_eq!(placed.headers["preference-applied"], "wait=20");
    let id = placed.text("/orderId").to_owned();
    assert_eq!(placed.headers["location"], format!("/api/v1/orders/{id}"));
    let path = format!("/api/v1/orders/{id}");

    let paid = shop.pay(&id, "k-2", "tok_approve").await.is(200);
    assert_eq!((&paid.body["status"], &paid.body["payment"]), (&json!("PAID"), &json!("PAID")));
    let body = json!({"carrier": "Royal Mail", "trackingNumber": "QK1"});
    shop.ask(post(&format!("{path}/ship"), &body)).await.is(200);
    shop.ask(post(&format!("{path}/deliver"), &json!({}))).await.is(200);
    let reason = json!({"reason": "damaged"});
    let asked = post(&format!("{path}/returns"), &reason).key("k-3").acting_as("alice");
    assert_eq!(shop.ask(asked).await.is(200).body["status"], "RETURN_REQUESTED");
    let rejected = shop.ask(post(&format!("{path}/returns/reject"), &reason)).await.is(200);
    assert_eq!(rejected.body["status"], "FULFILLED");
    shop.ask(post(&format!("{path}/returns"), &reason).key("k-4")).await.is(200);
    let returned = shop.ask(post(&format!("{path}/returns/accept"), &json!({}))).await.is(200);

    let order = until(&shop, &format!("{path}?after={}", returned.position()), |order| {
        order["payment"]["state"] == "REFUNDED" && order["payment"]["refunded"].is_object()
    })
    .await;
    assert_eq!(order["status"], "RETURNED");
    assert_eq!(order["shipment"]["carrier"], "Royal Mail");
    assert_eq!(order["payment"]["refunded"]["amount"], "25.50");
    assert_eq!(order["return"]["reason"], "damaged");
    assert_eq!(order["lines"][0]["title"], "Title of P-1");

    everything_is_as_before(&shop).await;
}

async fn everything_is_as_before(shop: &Shop) {
    let stock = until(shop, "/api/v1/inventory/P-1", |stock| stock["version"] == 4).await;
    assert_eq!((&stock["onHand"], &stock["available"]), (&json!(5), &json!(5)));
    let revenue = until(shop, "/api/v1/analytics/daily-revenue", |revenue| {
        revenue["total"]["credits"] == "-20.00"
    })
    .await;
    assert_eq!(
        (&revenue["total"]["sales"], &revenue["total"]["net"]),
        (&json!("20.00"), &json!("0.00"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn history_comes_from_the_log_and_goes_back_in_time() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    let placed = shop.place("k-1", "P-1", 2).await;
    let id = placed.text("/orderId");
    let path = format!("/api/v1/orders/{id}");
    shop.pay(id, "k-2", "tok_decline").await.is(200);
    let paid = shop.pay(id, "k-3", "tok_approve").await.is(200);

    let before = shop.ask(get(&format!("{path}?at=1"))).await.is(200);
    assert_eq!((&before.body["confirmed"], &before.body["version"]), (&json!(false), &json!(1)));
    let tomorrow = shop.ask(get(&format!("{path}?at=9999-01-01T00:00:00Z"))).await.is(200);
    assert_eq!(tomorrow.body["status"], "PAID");
    let early = shop.ask(get(&format!("{path}?at=2000-01-01T00:00:00Z"))).await;
    early.is_problem(404, "history.before_beginning");
    shop.ask(get(&format!("{path}?at=99"))).await.is_problem(400, "request.bad_parameter");

    let events = shop.ask(get(&format!("{path}/events"))).await.is(200);
    let events = events.body["items"].as_array().unwrap();
    let versions: Vec<u64> = events.iter().map(|e| e["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, (1..=6).collect::<Vec<u64>>());
    assert_eq!(events[2]["eventType"], "ecommerce.order.order.payment_requested.v1");
    assert_eq!(events[2]["data"]["token"], "***");
    assert_eq!(events[5]["data"]["head"]["status"], "PAID");

    let after = format!("{path}/timeline?after={}", paid.position());
    let timeline = until(&shop, &after, |timeline| {
        timeline["items"].as_array().is_some_and(|items| items.len() == 10)
    })
    .await;
    let said = timeline.to_string();
    assert!(said.contains("card_declined") && !said.contains("tok_"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_repeated_has_one_effect() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    let first = shop.place("k-1", "P-1", 2).await;
    let again = shop.place("k-1", "P-1", 2).await;
    assert_eq!(first.body["orderId"], again.body["orderId"]);
    assert_eq!(first.body["version"], again.body["version"]);
    let other = post("/api/v1/orders", &shop::order("alice", "P-1", 3)).key("k-1");
    shop.ask(other).await.is_problem(422, "idempotency.key_reused");
    let own = post("/api/v1/orders", &shop::order("alice", "P-1", 2)).key("k-1").acting_as("alice");
    let own = shop.ask(own).await.is(201);
    assert_ne!(first.body["orderId"], own.body["orderId"], "keys belong to their callers");

    let id = first.text("/orderId");
    let paid = shop.pay(id, "k-2", "tok_approve").await.is(200);
    let again = shop.pay(id, "k-2", "tok_approve").await.is(200);
    assert_eq!(paid.body, again.body);
    shop.pay(id, "k-2", "tok_decline").await.is_problem(422, "idempotency.key_reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_had_is_canceled_and_says_what_was_short() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    shop.stock_up("P-2", 1).await;
    let mut body = shop::order("alice", "P-1", 2);
    body["lines"].as_array_mut().unwrap().push(json!({"productId": "P-2", "quantity": 3}));
    let placed = shop.ask(post("/api/v1/orders", &body).key("k").wait()).await.is(201);
    assert_eq!(placed.body["status"], "CANCELED");
    let path = format!("/api/v1/orders/{}", placed.text("/orderId"));
    let order = until(&shop, &path, |order| order["status"] == "CANCELED").await;
    assert_eq!(order["cancellation"]["reason"], "OUT_OF_STOCK");
    let short = json!([{"productId": "P-2", "asked": 3, "available": 1}]);
    assert_eq!(order["cancellation"]["shortLines"], short);
    // Counted, held, released.
    let stock = until(&shop, "/api/v1/inventory/P-1", |stock| stock["version"] == 3).await;
    assert_eq!((&stock["reserved"], &stock["available"]), (&json!(0), &json!(5)));
    let pay = shop.pay(placed.text("/orderId"), "p", "tok_approve").await;
    pay.is_problem(409, "order.wrong_status");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_ends_as_its_token_says() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 50).await;
    for (token, payment, status) in [
        ("tok_approve", "PAID", "PAID"),
        ("tok_timeout", "PAID", "PAID"),
        ("tok_flaky", "PAID", "PAID"),
        ("tok_decline", "FAILED", "PENDING"),
        ("tok_whatever", "FAILED", "PENDING"),
    ] {
        let placed = shop.place(token, "P-1", 1).await;
        let paid = shop.pay(placed.text("/orderId"), token, token).await.is(200);
        assert_eq!((paid.text("/payment"), paid.text("/status")), (payment, status), "{token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fifth_declined_payment_cancels_the_order() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    let placed = shop.place("k", "P-1", 1).await;
    let id = placed.text("/orderId");
    for attempt in 1..=5 {
        let answer = shop.pay(id, &format!("p-{attempt}"), "tok_decline").await.is(200);
        let status = if attempt < 5 { "PENDING" } else { "CANCELED" };
        assert_eq!((answer.text("/status"), &answer.body["attempts"]), (status, &json!(attempt)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_created_changed_priced_discontinued_and_relisted() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    let path = "/api/v1/products/P-1";
    let change = json!({"description": "about", "publisher": "P", "isbn": "978-0-13-595705-9"});
    shop.ask(ask("PATCH", path, &change)).await.is(200);
    shop.ask(ask("PATCH", path, &json!({"publisher": null}))).await.is(200);
    let price = json!({"price": {"amount": "8.5001", "currency": "GBP"}, "reason": "sale"});
    let priced = shop.ask(ask("PUT", &format!("{path}/price"), &price)).await.is(200);
    let after = priced.position();
    let product = shop.ask(get(&format!("{path}?after={after}"))).await.is(200).body;
    assert_eq!(
        (&product["description"], &product["isbn"]),
        (&json!("about"), &json!("9780135957059"))
    );
    assert_eq!(
        (&product["publisher"], &product["price"]["amount"]),
        (&Value::Null, &json!("8.5001"))
    );
    assert_eq!(product["version"], 4);
    let history = shop.ask(get(&format!("{path}/price-history?after={after}"))).await.is(200).body;
    let past = history["items"].as_array().unwrap();
    assert_eq!((past.len(), &past[0]["reason"]), (2, &json!("sale")));
    assert_eq!(past[1]["validTo"], past[0]["validFrom"]);

    shop.ask(ask("DELETE", path, &json!({"reason": "out of print"}))).await.is(200);
    shop.ask(ask("PATCH", path, &json!({"title": "x"})))
        .await
        .is_problem(409, "product.discontinued");
    let late = post("/api/v1/orders", &shop::order("alice", "P-1", 1)).key("late");
    let late = shop.ask(late).await;
    late.is_problem(409, "order.product_discontinued");
    assert_eq!(late.body["field"], "lines[0].productId");
    let relisted = shop.ask(post(&format!("{path}/relist"), &json!({}))).await.is(200);
    let product =
        shop.ask(get(path).header("chimera-position", &relisted.position())).await.is(200);
    assert_eq!(product.body["discontinued"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages_that_neither_repeat_nor_lose_anything() {
    let shop = Shop::open().await;
    for n in 0..23 {
        shop.stock_up(&format!("P-{n}"), 5).await;
    }
    let mut orders = Vec::new();
    for n in 0..7 {
        orders.push(shop.place(&format!("k-{n}"), "P-1", 1).await.text("/orderId").to_owned());
    }
    let products = whole(&shop, "/api/v1/products?limit=5", "productId", 23).await;
    let mut unique = products.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 23);
    let listed = whole(&shop, "/api/v1/orders?customerId=alice&limit=3", "orderId", 7).await;
    orders.reverse();
    assert_eq!(listed.len(), orders.len());
    assert!(orders.iter().all(|order| listed.contains(order)));

    let page = shop.ask(get("/api/v1/orders?customerId=alice&limit=3")).await.is(200);
    let next = page.text("/next");
    let foreign = get(&format!("/api/v1/orders?customerId=bob&cursor={next}"));
    shop.ask(foreign).await.is_problem(400, "cursor.invalid");
    let foreign = get(&format!("/api/v1/products?cursor={next}"));
    shop.ask(foreign).await.is_problem(400, "cursor.invalid");
}

/// Asks again until the read models have come so far.
async fn until(shop: &Shop, path: &str, reached: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let answer = shop.ask(get(path)).await;
        if answer.status == 200 && reached(&answer.body) {
            return answer.body;
        }
        tokio::task::yield_now().await;
    }
    panic!("{path} never became so: {}", shop.ask(get(path)).await.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_has_the_price_of_the_moment_and_nothing_that_is_gone() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 500).await;
    for round in 1..=30 {
        let amount = format!("{round}.00");
        let price = json!({"price": {"amount": amount, "currency": "GBP"}});
        shop.ask(ask("PUT", "/api/v1/products/P-1/price", &price)).await.is(200);
        let order = shop::order("alice", "P-1", 1);
        let placed = shop.ask(post("/api/v1/orders", &order).key(&amount)).await.is(201);
        assert_eq!(placed.text("/lines/0/unitPrice"), amount);
        shop.ask(ask("DELETE", "/api/v1/products/P-1", &json!({}))).await.is(200);
        let gone = post("/api/v1/orders", &order).key(&format!("gone-{round}"));
        shop.ask(gone).await.is_problem(409, "order.product_discontinued");
        shop.ask(post("/api/v1/products/P-1/relist", &json!({}))).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_position_of_an_answer_is_not_older_than_its_body() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    // The only order of its partition: positions count its events.
    let placed = shop.place("k", "P-1", 1).await;
    let sequence = |position: &str| position.rsplit('/').next().unwrap().parse::<u64>().unwrap();
    assert_eq!((&placed.body["version"], sequence(&placed.position())), (&json!(2), 2));
    let paid = shop.pay(placed.text("/orderId"), "p", "tok_approve").await.is(200);
    assert_eq!((&paid.body["version"], sequence(&paid.position())), (&json!(4), 4));
    let path = format!("/api/v1/orders/{}", placed.text("/orderId"));
    let read = shop.ask(get(&format!("{path}?after={}", paid.position()))).await.is(200);
    assert_eq!((&read.body["version"], &read.body["status"]), (&json!(4), &json!("PAID")));
    let repeated = shop.place("k", "P-1", 1).await;
    assert_eq!((&repeated.body["version"], sequence(&repeated.position())), (&json!(4), 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paper_of_a_client_counts_once_and_takes_no_return_away() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    let placed = shop.place("k", "P-1", 2).await;
    let id = placed.text("/orderId");
    let adjust = |delta: i64, key: &str| {
        let reference = format!("return:{id}");
        let body = json!({"delta": delta, "reason": "COUNT", "reference": reference});
        post("/api/v1/inventory/P-1/adjustments", &body).key(key)
    };
    let first = shop.ask(adjust(10, "a-1")).await.is(201);
    let again = shop.ask(adjust(99, "a-2")).await.is(201);
    assert_eq!(first.body["version"], again.body["version"]);
    shop.pay(id, "p", "tok_approve").await.is(200);
    for (step, body) in
        [("ship", json!({})), ("deliver", json!({})), ("returns", json!({"reason": "damaged"}))]
    {
        shop.ask(post(&format!("/api/v1/orders/{id}/{step}"), &body).key(step)).await.is(200);
    }
    shop.ask(post(&format!("/api/v1/orders/{id}/returns/accept"), &json!({}))).await.is(200);
    let stock = until(&shop, "/api/v1/inventory/P-1", |stock| stock["version"] == 5).await;
    assert_eq!((&stock["onHand"], &stock["available"]), (&json!(15), &json!(15)));
}

/// All pages of a list, once it has `count` items.
async fn whole(shop: &Shop, path: &str, id: &str, count: usize) -> Vec<String> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = shop.ask(get(&format!("{path}{cursor}"))).await.is(200).body;
            let items = page["items"].as_array().unwrap();
            found.extend(items.iter().map(|item| item[id].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        if found.len() == count {
            return found;
        }
    }
    panic!("{path} never had {count} items")
}
