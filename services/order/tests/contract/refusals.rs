//! What neither API takes: a table of bad requests, each with its code, its status and the field in the words of its API.

#![allow(clippy::too_many_lines, reason = "a table of bad requests is long")]

use std::sync::Arc;

use serde_json::{Value, json};

use crate::client::{Asking, Client, What};
use crate::grpc::Grpc;
use crate::rest::Rest;
use crate::shop::{Shop, order};

type Row = (Asking, &'static str, Option<&'static str>, Option<&'static str>);

/// The same field in both APIs, but for how its words are joined.
fn row(asking: Asking, code: &'static str, field: Option<&'static str>) -> Row {
    (asking, code, field, field)
}

async fn refused_alike(shop: &Arc<Shop>, table: Vec<Row>) {
    let (rest, grpc) = (Rest(Arc::clone(shop)), Grpc(Arc::clone(shop)));
    for (place, (asking, code, rest_field, grpc_field)) in table.into_iter().enumerate() {
        let (over_rest, over_grpc) = (rest.send(asking.clone()).await, grpc.send(asking).await);
        assert_eq!(over_rest.code, code, "row {place}: {over_rest:?}");
        assert_eq!(over_rest.field.as_deref(), rest_field, "row {place}: {over_rest:?}");
        assert_eq!(over_grpc.code, code, "row {place}: {over_grpc:?}");
        assert_eq!(over_grpc.field.as_deref(), grpc_field, "row {place}: {over_grpc:?}");
        assert_eq!((over_rest.grpc, over_rest.retry), (over_grpc.grpc, over_grpc.retry), "{place}");
        assert!(!over_grpc.detail.is_empty() && over_grpc.correlated, "row {place}");
    }
}

fn money(amount: &str, currency: &str) -> Value {
    json!({"amount": amount, "currency": currency})
}

fn placing(field: &str, value: Value) -> Asking {
    let mut body = order("alice", "P-1", 1);
    body[field] = value;
    What::Place(body).key("bad")
}

fn lines(value: &Value) -> Asking {
    placing("lines", value.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_orders_are_refused_alike() {
    let shop = Arc::new(Shop::open().await);
    shop.stock_up("P-1", 5).await;
    let good = order("alice", "P-1", 1);
    let line = |product: &str, quantity: u32| json!([{"productId": product, "quantity": quantity}]);
    let priced = |price: Value| json!([{"productId": "P-1", "quantity": 1, "unitPrice": price}]);
    let many = json!(vec![json!({"productId": "P-1", "quantity": 1}); 2_001]);
    let quantity = Some("lines[0].quantity");
    let product = Some("lines[0].product_id");
    let price = Some("lines[0].unit_price");
    let currency = Some("lines[0].unit_price.currency");
    let too_many = order("alice", "P-1", 1);
    let table = vec![
        row(What::Place(good.clone()).now(), "idempotency.key_required", None),
        row(What::Place(good).key(&"k".repeat(201)), "idempotency.key_invalid", None),
        row(What::Place(too_many).key("a b"), "idempotency.key_invalid", None),
        row(placing("customerId", json!("a b")), "request.invalid", Some("customer_id")),
        row(placing("currency", json!("GBQ")), "request.invalid", Some("currency")),
        row(placing("currency", json!("EUR")), "order.other_currency", product),
        row(
            placing("shippingAddress", json!({})),
            "request.invalid",
            Some("shipping_address.country"),
        ),
        row(lines(&json!([])), "order.no_lines", Some("lines")),
        row(lines(&many), "order.too_many_lines", Some("lines")),
        row(lines(&line("P-1", 0)), "order.bad_quantity", quantity),
        row(lines(&line("P-1", 100_001)), "order.bad_quantity", quantity),
        row(lines(&line("nope", 1)), "order.unknown_product", product),
        row(lines(&line("a/b", 1)), "request.invalid", product),
        row(lines(&priced(money("1", "EUR"))), "request.invalid", currency),
        row(lines(&priced(money("-1", "GBP"))), "order.negative_price", price),
        row(lines(&priced(money("900000000000000", "GBP"))), "order.total_too_large", None),
        (
            lines(&priced(money("1", "XXQ"))),
            "request.invalid",
            currency,
            Some("lines[0].unit_price.currency_code"),
        ),
        row(
            lines(&priced(money("0.01", "GBP"))).acting_as("alice"),
            "order.override_not_allowed",
            price,
        ),
        row(placing("customerId", json!("alice")).acting_as("bob"), "auth.not_yours", None),
    ];
    refused_alike(&shop, table).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_steps_of_an_order_are_refused_alike() {
    let shop = Arc::new(Shop::open().await);
    shop.stock_up("P-1", 5).await;
    let placed = shop.place("k", "P-1", 1).await;
    let id = || placed.text("/orderId").to_owned();
    let nope = || "nope".to_owned();
    let pay = |body: Value| What::Pay(id(), body).key("pay");
    let card = |token: &str| json!({"method": "CARD", "token": token});
    let back = |reason: &str| What::Return(id(), json!({"reason": reason})).key("r");
    let decide = |decision: &str| What::Decide(id(), decision.to_owned(), json!({}));
    let at = |at: &str| What::Order(id(), Some(at.to_owned()));
    let long = json!({"carrier": "x".repeat(101)});
    let table = vec![
        row(What::Ship(nope(), json!({})).now(), "order.not_found", None),
        row(What::Ship(id(), json!({})).now(), "order.wrong_status", None),
        row(What::Ship(id(), long).now(), "request.invalid", Some("carrier")),
        row(What::Deliver(id()).now(), "order.wrong_status", None),
        row(What::Cancel(nope()).now(), "order.not_found", None),
        row(back("r"), "order.wrong_status", None),
        row(back(""), "request.invalid", Some("reason")),
        row(What::Return(id(), json!({"reason": "r"})).now(), "idempotency.key_required", None),
        row(decide("accept").now(), "order.wrong_status", None),
        row(decide("reject").now(), "request.invalid", Some("reason")),
        row(decide("maybe").now(), "request.bad_parameter", Some("decision")),
        row(What::Pay(id(), card("t")).now(), "idempotency.key_required", None),
        row(pay(card("4111 1111 1111 1111")), "payment.card_number_refused", Some("token")),
        row(pay(card("")), "payment.token_invalid", Some("token")),
        row(pay(json!({"method": "BARTER"})), "request.invalid", Some("method")),
        row(What::Order(nope(), None).now(), "order.not_found", None),
        (
            What::Order("a b".replace(' ', "!"), None).now(),
            "request.bad_parameter",
            Some("id"),
            Some("order_id"),
        ),
        (at("99").now(), "request.bad_parameter", Some("at"), Some("at_version")),
        row(at("2000-01-01T00:00:00Z").now(), "history.before_beginning", None),
        row(at("0").now(), "history.before_beginning", None),
        row(at("1").now().acting_as("bob"), "auth.not_yours", None),
        row(What::Deliver(id()).now().acting_as("alice"), "auth.scope_missing", None),
        row(What::Cancel(id()).now().acting_as("bob"), "order.not_yours", None),
        row(pay(json!({"method": "COD"})).acting_as("bob"), "order.not_yours", None),
    ];
    refused_alike(&shop, table).await;
}

fn new_product(field: &str, value: Value) -> Asking {
    let price = money("1.00", "GBP");
    let mut body = json!({"productId": "P-9", "details": {"title": "T"}, "price": price});
    body[field] = value;
    What::CreateProduct(body).key("bad")
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_products_and_stocks_are_refused_alike() {
    let shop = Arc::new(Shop::open().await);
    shop.stock_up("P-1", 5).await;
    let id = || "P-1".to_owned();
    let nope = || "nope".to_owned();
    let adjust = |body: Value| What::Adjust(id(), body).key("bad");
    let price = |body: Value| What::ChangePrice(id(), json!({"price": body})).now();
    let counted = |field: &str, value: Value| {
        let mut body = json!({"delta": 1, "reason": "COUNT"});
        body[field] = value;
        adjust(body)
    };
    let isbn = json!({"title": "T", "isbn": "9780135957050"});
    let (position, far) = (Some("chimera-position"), "ecommerce.product.product/0/999999");
    let table = vec![
        row(new_product("productId", json!("P-1")), "product.already_exists", None),
        row(new_product("productId", json!("P 1")), "product.invalid", Some("product_id")),
        row(new_product("details", json!({"title": ""})), "product.invalid", Some("details.title")),
        row(new_product("details", isbn), "product.invalid", Some("details.isbn")),
        row(new_product("price", money("-1", "GBP")), "product.negative_price", None),
        row(new_product("price", Value::Null), "request.invalid", Some("price")),
        row(new_product("productId", json!("P-2")).acting_as("alice"), "auth.scope_missing", None),
        row(price(money("1", "EUR")), "product.other_currency", None),
        row(What::UpdateProduct(nope(), json!({})).now(), "product.not_found", None),
        (
            What::UpdateProduct(id(), json!({"isbn": "1"})).now(),
            "product.invalid",
            Some("isbn"),
            Some("details.isbn"),
        ),
        (
            What::UpdateProduct(id(), json!({"colour": "red"})).now(),
            "request.invalid",
            Some("colour"),
            Some("update_mask"),
        ),
        row(What::Discontinue(nope(), json!({})).now(), "product.not_found", None),
        row(What::Relist(nope()).now(), "product.not_found", None),
        row(What::Product(nope()).now(), "product.not_found", None),
        row(What::PastPrices(nope(), None).now(), "product.not_found", None),
        (
            What::Product("a!b".into()).now(),
            "request.bad_parameter",
            Some("id"),
            Some("product_id"),
        ),
        row(What::Products(Some(0), None).now(), "limit.out_of_range", Some("limit")),
        row(What::PastPrices(id(), Some(101)).now(), "limit.out_of_range", Some("limit")),
        row(What::Products(None, Some("abc".into())).now(), "cursor.invalid", Some("cursor")),
        (What::Product(id()).after("here"), "position.invalid", Some("after"), position),
        row(What::Product(id()).after(far), "read.not_caught_up", None),
        row(What::Stock(nope()).now(), "stock.not_found", None),
        row(
            What::Adjust(id(), json!({"delta": 1, "reason": "COUNT"})).now(),
            "idempotency.key_required",
            None,
        ),
        row(adjust(json!({"delta": 0, "reason": "COUNT"})), "stock.nothing_to_adjust", None),
        row(adjust(json!({"delta": -6, "reason": "DAMAGED"})), "stock.insufficient", None),
        row(adjust(json!({"delta": 1, "reason": "WHIM"})), "request.invalid", Some("reason")),
        row(adjust(json!({"delta": i64::MAX, "reason": "COUNT"})), "stock.too_many", None),
        row(counted("reference", json!("")), "request.invalid", Some("reference")),
        row(counted("reorderLevel", json!(-1)), "stock.bad_reorder_level", None),
        row(counted("delta", json!(2)).acting_as("alice"), "auth.scope_missing", None),
    ];
    refused_alike(&shop, table).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_tokens_are_needed_nobody_gets_in_without() {
    let shop = Arc::new(Shop::with_tokens().await);
    let nope = || What::Order("nope".to_owned(), None);
    let bearer = |token: &str| nope().now().header("authorization", &format!("Bearer {token}"));
    let table = vec![
        row(nope().now(), "auth.token_missing", None),
        row(nope().now().acting_as("alice"), "auth.token_missing", None),
        row(nope().now().header("authorization", "Basic eDp5"), "auth.token_missing", None),
        row(bearer("x.y.z"), "auth.token_invalid", None),
        row(placing("customerId", json!("alice")), "auth.token_missing", None),
        row(new_product("productId", json!("P-2")), "auth.token_missing", None),
        row(What::Cancel("nope".to_owned()).now(), "auth.token_missing", None),
    ];
    refused_alike(&shop, table).await;
    let (rest, grpc) = (Rest(Arc::clone(&shop)), Grpc(shop));
    let catalogue = || What::Products(None, None).now();
    assert_eq!(rest.send(catalogue()).await.done(), grpc.send(catalogue()).await);
}
