//! What the API does not take, and how it says so: one table of bad requests, and who may do what.

#![allow(clippy::too_many_lines, reason = "a table of bad requests is long")]

mod shop;

use serde_json::{Value, json};
use shop::{Ask, Shop, ask, get, post};

fn with_lines(lines: &Value) -> Ask {
    let mut body = shop::order("alice", "P-1", 1);
    body["lines"] = lines.clone();
    post("/api/v1/orders", &body).key("bad")
}

fn with(field: &str, value: Value) -> Ask {
    let mut body = shop::order("alice", "P-1", 1);
    body[field] = value;
    post("/api/v1/orders", &body).key("bad")
}

fn product(field: &str, value: Value) -> Ask {
    let price = json!({"amount": "1.00", "currency": "GBP"});
    let mut body = json!({"productId": "P-9", "details": {"title": "T"}, "price": price});
    body[field] = value;
    post("/api/v1/products", &body).key("bad")
}

async fn refused(shop: &Shop, table: Vec<(Ask, u16, &str, Option<&str>)>) {
    for (place, (ask, status, code, field)) in table.into_iter().enumerate() {
        let answer = shop.ask(ask).await;
        let said = (answer.status, answer.text("/code"), answer.body["field"].as_str());
        assert_eq!(said, (status, code, field), "row {place}: {}", answer.body);
        assert!(!answer.text("/detail").is_empty() && !answer.text("/title").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_orders_are_refused_with_the_field() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    let line = |quantity: Value| json!([{"productId": "P-1", "quantity": quantity}]);
    let priced = |price: Value| json!([{"productId": "P-1", "quantity": 1, "unitPrice": price}]);
    let many = json!(vec![json!({"productId": "P-1", "quantity": 1}); 2_001]);
    let money = |amount: &str, currency: &str| json!({"amount": amount, "currency": currency});
    let orders = "/api/v1/orders";
    let good = shop::order("alice", "P-1", 1);
    let table = vec![
        (post(orders, &good), 400, "idempotency.key_required", None),
        (post(orders, &good).key(&"k".repeat(201)), 400, "idempotency.key_invalid", None),
        (post(orders, &good).key("b").raw("{\"lines\":"), 400, "request.malformed", Some("lines")),
        (post(orders, &good).key("b").raw("[]"), 422, "request.invalid", None),
        (post(orders, &good).key("b").raw(""), 422, "request.invalid", None),
        (with("note", json!("hi")), 422, "request.invalid", Some("note")),
        (with("customerId", json!(7)), 422, "request.invalid", Some("customerId")),
        (with("customerId", json!("a b")), 422, "request.invalid", Some("customerId")),
        (with("currency", json!("GBQ")), 422, "request.invalid", Some("currency")),
        (with("currency", json!("EUR")), 422, "order.other_currency", Some("lines[0].productId")),
        (
            with("shippingAddress", json!({})),
            422,
            "request.invalid",
            Some("shippingAddress.country"),
        ),
        (
            with("shippingAddress", json!({"country": "x".repeat(256)})),
            422,
            "request.invalid",
            Some("shippingAddress.country"),
        ),
        (with_lines(&json!([])), 422, "order.no_lines", Some("lines")),
        (with_lines(&many), 422, "order.too_many_lines", Some("lines")),
        (with_lines(&line(json!(0))), 422, "order.bad_quantity", Some("lines[0].quantity")),
        (with_lines(&line(json!(100_001))), 422, "order.bad_quantity", Some("lines[0].quantity")),
        (with_lines(&line(json!(1.5))), 422, "request.invalid", Some("lines[0].quantity")),
        (with_lines(&line(json!(-1))), 422, "request.invalid", Some("lines[0].quantity")),
        (
            with_lines(&json!([{"productId": "nope", "quantity": 1}])),
            422,
            "order.unknown_product",
            Some("lines[0].productId"),
        ),
        (
            with_lines(&json!([{"productId": "a/b", "quantity": 1}])),
            422,
            "request.invalid",
            Some("lines[0].productId"),
        ),
        (
            with_lines(&priced(money("0.00001", "GBP"))),
            422,
            "request.invalid",
            Some("lines[0].unitPrice.amount"),
        ),
        (
            with_lines(&priced(money("1", "EUR"))),
            422,
            "request.invalid",
            Some("lines[0].unitPrice.currency"),
        ),
        (
            with_lines(&priced(money("-1", "GBP"))),
            422,
            "order.negative_price",
            Some("lines[0].unitPrice"),
        ),
        (with_lines(&priced(money("900000000000000", "GBP"))), 422, "order.total_too_large", None),
    ];
    refused(&shop, table).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_products_stocks_and_parameters_are_refused_with_the_field() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    let money = |amount: &str, currency: &str| json!({"amount": amount, "currency": currency});
    let adjust = |body: Value| post("/api/v1/inventory/P-1/adjustments", &body).key("bad");
    let price = |body: Value| ask("PUT", "/api/v1/products/P-1/price", &json!({"price": body}));
    let far = "/api/v1/products/P-1?after=ecommerce.product.product/0/999999";
    let table = vec![
        (product("productId", json!("P-1")), 409, "product.already_exists", None),
        (product("productId", json!("P 1")), 422, "product.invalid", Some("productId")),
        (product("details", json!({"title": ""})), 422, "product.invalid", Some("details.title")),
        (
            product("details", json!({"title": "T", "x": 1})),
            422,
            "request.invalid",
            Some("details.x"),
        ),
        (
            product("details", json!({"title": "T", "isbn": "9780135957050"})),
            422,
            "product.invalid",
            Some("details.isbn"),
        ),
        (
            product("details", json!({"title": "T", "format": "SCROLL"})),
            422,
            "request.invalid",
            Some("details.format"),
        ),
        (product("price", money("1.00001", "GBP")), 422, "request.invalid", Some("price.amount")),
        (product("price", money("-1", "GBP")), 422, "product.negative_price", None),
        (price(money("1", "EUR")), 409, "product.other_currency", None),
        (ask("PATCH", "/api/v1/products/nope", &json!({})), 404, "product.not_found", None),
        (
            ask("PATCH", "/api/v1/products/P-1", &json!({"isbn": "1"})),
            422,
            "product.invalid",
            Some("isbn"),
        ),
        (get("/api/v1/products/nope"), 404, "product.not_found", None),
        (get("/api/v1/products/nope/price-history"), 404, "product.not_found", None),
        (get("/api/v1/products/a%20b"), 400, "request.bad_parameter", Some("id")),
        (get("/api/v1/inventory/nope"), 404, "stock.not_found", None),
        (adjust(json!({"delta": 0, "reason": "COUNT"})), 422, "stock.nothing_to_adjust", None),
        (adjust(json!({"delta": -6, "reason": "DAMAGED"})), 409, "stock.insufficient", None),
        (adjust(json!({"delta": 1, "reason": "WHIM"})), 422, "request.invalid", Some("reason")),
        (adjust(json!({"delta": i64::MAX, "reason": "COUNT"})), 422, "stock.too_many", None),
        (
            adjust(json!({"delta": 1, "reason": "COUNT", "reference": ""})),
            422,
            "request.invalid",
            Some("reference"),
        ),
        (
            adjust(json!({"delta": 1, "reason": "COUNT", "reference": "DN\n7"})),
            422,
            "request.invalid",
            Some("reference"),
        ),
        (
            adjust(json!({"delta": 1, "reason": "COUNT", "reference": "x".repeat(101)})),
            422,
            "request.invalid",
            Some("reference"),
        ),
        (
            adjust(json!({"delta": 1, "reason": "COUNT", "reorderLevel": -1})),
            422,
            "stock.bad_reorder_level",
            None,
        ),
        (get("/api/v1/products?limit=0"), 400, "limit.out_of_range", Some("limit")),
        (get("/api/v1/products?limit=101"), 400, "limit.out_of_range", Some("limit")),
        (get("/api/v1/products?limit=x"), 400, "request.bad_parameter", None),
        (get("/api/v1/products?colour=red"), 400, "request.bad_parameter", None),
        (get("/api/v1/products?cursor=abc"), 400, "cursor.invalid", Some("cursor")),
        (get("/api/v1/products?after=here"), 400, "position.invalid", Some("after")),
        (get(far), 503, "read.not_caught_up", None),
        (get("/api/v1/orders/nope"), 404, "order.not_found", None),
        (get("/api/v1/orders/nope/events"), 404, "order.not_found", None),
        (get("/api/v1/orders/nope/timeline"), 404, "order.not_found", None),
        (get("/api/v1/orders/nope?at=soon"), 400, "request.bad_parameter", Some("at")),
        (
            get("/api/v1/analytics/daily-revenue?from=soon"),
            400,
            "request.bad_parameter",
            Some("from"),
        ),
        (get("/api/v1/analytics/daily-revenue?currency=XXQ"), 400, "request.bad_parameter", None),
        (get("/api/v1/nowhere"), 404, "route.not_found", None),
        (ask("PUT", "/api/v1/orders", &json!({})), 405, "route.method_not_allowed", None),
    ];
    refused(&shop, table).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_an_order_does_not_allow_are_refused() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    let placed = shop.place("k", "P-1", 1).await;
    let path = |verb: &str| format!("/api/v1/orders/{}/{verb}", placed.text("/orderId"));
    let nothing = json!({});
    let pay =
        |token: &str| post(&path("pay"), &json!({"method": "CARD", "token": token})).key("pay");
    let table = vec![
        (post("/api/v1/orders/nope/ship", &nothing), 404, "order.not_found", None),
        (post(&path("ship"), &nothing), 409, "order.wrong_status", None),
        (post(&path("deliver"), &nothing), 409, "order.wrong_status", None),
        (post(&path("returns"), &json!({"reason": "r"})).key("r"), 409, "order.wrong_status", None),
        (
            post(&path("returns"), &json!({"reason": ""})).key("r"),
            422,
            "request.invalid",
            Some("reason"),
        ),
        (post(&path("returns/accept"), &nothing), 409, "order.wrong_status", None),
        (post(&path("returns/reject"), &nothing), 422, "request.invalid", Some("reason")),
        (post(&path("returns/maybe"), &nothing), 400, "request.bad_parameter", Some("decision")),
        (post(&path("pay"), &nothing), 400, "idempotency.key_required", None),
        (pay("4111 1111 1111 1111"), 422, "payment.card_number_refused", Some("token")),
        (pay("tok 4111.1111.1111.1111"), 422, "payment.card_number_refused", Some("token")),
        (pay(""), 422, "payment.token_invalid", Some("token")),
        (
            post(&path("pay"), &json!({"method": "BARTER", "token": "t"})).key("pay"),
            422,
            "request.invalid",
            Some("method"),
        ),
    ];
    refused(&shop, table).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_sees_and_does_only_what_is_theirs() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    let placed = shop.place("k", "P-1", 1).await;
    let id = placed.text("/orderId").to_owned();
    shop.ask(get(&format!("/api/v1/orders/{id}?after={}", placed.position())).acting_as("alice"))
        .await
        .is(200);
    let path = |rest: &str| format!("/api/v1/orders/{id}{rest}");
    let nothing = json!({});
    let override_price = json!([{
        "productId": "P-1", "quantity": 1, "unitPrice": {"amount": "0.01", "currency": "GBP"}
    }]);
    let adjustment = json!({"delta": 1, "reason": "COUNT"});
    let table = vec![
        (get(&path("")).acting_as("bob"), 403, "auth.not_yours", None),
        (get(&path("/events")).acting_as("bob"), 403, "auth.not_yours", None),
        (get(&path("/timeline")).acting_as("bob"), 403, "auth.not_yours", None),
        (get(&path("?at=1")).acting_as("bob"), 403, "auth.not_yours", None),
        (get("/api/v1/orders?customerId=alice").acting_as("bob"), 403, "auth.not_yours", None),
        (with("customerId", json!("alice")).acting_as("bob"), 403, "auth.not_yours", None),
        (post(&path("/cancel"), &nothing).acting_as("bob"), 403, "order.not_yours", None),
        (
            post(&path("/pay"), &json!({"method": "COD"})).key("p").acting_as("bob"),
            403,
            "order.not_yours",
            None,
        ),
        (post(&path("/ship"), &nothing).acting_as("alice"), 403, "auth.scope_missing", None),
        (post(&path("/deliver"), &nothing).acting_as("alice"), 403, "auth.scope_missing", None),
        (
            post(&path("/returns/accept"), &nothing).acting_as("alice"),
            403,
            "auth.scope_missing",
            None,
        ),
        (
            with_lines(&override_price).acting_as("alice"),
            403,
            "order.override_not_allowed",
            Some("lines[0].unitPrice"),
        ),
        (product("productId", json!("P-2")).acting_as("alice"), 403, "auth.scope_missing", None),
        (
            post("/api/v1/inventory/P-1/adjustments", &adjustment).key("a").acting_as("alice"),
            403,
            "auth.scope_missing",
            None,
        ),
        (
            get("/api/v1/analytics/daily-revenue").acting_as("alice"),
            403,
            "auth.scope_missing",
            None,
        ),
    ];
    refused(&shop, table).await;
    shop.pay(&id, "p", "tok_approve").await.is(200);
    let late = post(&path("/cancel"), &nothing).acting_as("alice");
    shop.ask(late).await.is_problem(403, "order.staff_only");
    let canceled = shop.ask(post(&path("/cancel"), &nothing)).await.is(200);
    assert_eq!(canceled.body["status"], "CANCELED");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_tokens_are_needed_nobody_gets_in_without() {
    let shop = Shop::with_tokens().await;
    let table = vec![
        (get("/api/v1/orders"), 401, "auth.token_missing", None),
        (get("/api/v1/orders").acting_as("alice"), 401, "auth.token_missing", None),
        (
            get("/api/v1/orders").header("authorization", "Bearer x.y.z"),
            401,
            "auth.token_invalid",
            None,
        ),
        (product("productId", json!("P-2")), 401, "auth.token_missing", None),
        (with("customerId", json!("alice")), 401, "auth.token_missing", None),
        (post("/api/v1/orders", &json!({})), 401, "auth.token_missing", None),
    ];
    refused(&shop, table).await;
    shop.ask(get("/api/v1/products")).await.is(200);
    shop.ask(get("/health/live")).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_describes_every_operation_with_its_problems() {
    let shop = Shop::open().await;
    let document = shop.ask(get("/openapi.json")).await.is(200).body;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let about = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{about} has no summary");
            assert!(operation["responses"]["503"].is_object(), "{about}");
            let names = operation["parameters"].to_string();
            let expected = if method == "get" { "\"after\"" } else { "\"Idempotency-Key\"" };
            assert!(names.contains(expected) && names.contains("Correlation-Id"), "{about}");
        }
    }
    assert_eq!(operations, 23);
}
