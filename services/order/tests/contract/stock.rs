//! What happens to stock: adjusted over both APIs; held, given back and used up over gRPC, which has those alone.

use std::sync::Arc;

use chimera_proto::inventory::v1::{CommitStockRequest, ReleaseStockRequest, ReserveStockRequest};
use serde_json::{Value, json};

use crate::calls::{Headers, inventory, reply, with};
use crate::client::{Reply, What};
use crate::shop::Shop;
use crate::teller::{Teller, told_alike};

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_adjusted_and_a_paper_counts_once() {
    let shop = Arc::new(Shop::open().await);
    told_alike(&shop, async |teller: &mut Teller| {
        teller.stock_up("P", 5).await;
        let id = teller.product("P");
        let adjust = |body: Value| What::Adjust(id.clone(), body);
        let level = json!({"delta": -4, "reason": "DAMAGED", "reorderLevel": 3});
        let low = teller.ask(adjust(level).key("a-1")).await.done();
        let seen = teller.ask(What::Stock(id.clone()).after(low.at())).await.done();
        assert_eq!((&seen.body["available"], &seen.body["low"]), (&json!(1), &json!(true)));
        let paper = |delta: i64| json!({"delta": delta, "reason": "COUNT", "reference": "DN-1"});
        let first = teller.ask(adjust(paper(10)).key("a-2")).await.done();
        let again = teller.ask(adjust(paper(99)).key("a-3")).await.done();
        assert_eq!(first.body["version"], again.body["version"]);
        teller.ask(adjust(paper(99)).key("a-2")).await.is("idempotency.key_reused");
        for reason in ["RECEIVED", "COUNT", "DAMAGED", "SENSOR", "RETURNED", "IMPORTED"] {
            let body = json!({"delta": 1, "reason": reason});
            teller.ask(adjust(body).key(reason)).await.done();
        }
        let too_many = json!({"delta": -99, "reason": "DAMAGED"});
        teller.ask(adjust(too_many).key("a-4")).await.is("stock.insufficient");
    })
    .await;
}

fn none() -> Headers {
    vec![]
}

async fn reserve(shop: &Arc<Shop>, order: &str, quantity: u32, headers: Headers) -> Reply {
    let (product_id, order_id) = ("P-1".to_owned(), order.to_owned());
    let message = ReserveStockRequest { product_id, order_id, quantity };
    let answer = inventory(shop).reserve_stock(with(message, &headers)).await;
    reply(answer, |m| json!({"orderId": m.order_id, "version": m.version, "position": m.position}))
}

async fn release(shop: &Arc<Shop>, order: &str, headers: Headers) -> Reply {
    let (product_id, order_id) = ("P-1".to_owned(), order.to_owned());
    let message = ReleaseStockRequest { product_id, order_id };
    let answer = inventory(shop).release_stock(with(message, &headers)).await;
    reply(answer, |m| json!({"orderId": m.order_id, "version": m.version, "position": m.position}))
}

async fn commit(shop: &Arc<Shop>, order: &str, headers: Headers) -> Reply {
    let (product_id, order_id) = ("P-1".to_owned(), order.to_owned());
    let message = CommitStockRequest { product_id, order_id };
    let answer = inventory(shop).commit_stock(with(message, &headers)).await;
    reply(answer, |m| json!({"orderId": m.order_id, "version": m.version, "position": m.position}))
}

async fn figures(shop: &Arc<Shop>, after: &Reply) -> (Value, Value) {
    let path = format!("/api/v1/inventory/P-1?after={}", after.at());
    let stock = shop.ask(crate::shop::get(&path)).await.is(200).body;
    (stock["onHand"].clone(), stock["reserved"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_held_once_given_back_and_used_up() {
    let shop = Arc::new(Shop::open().await);
    shop.stock_up("P-1", 5).await;
    let held = reserve(&shop, "O-1", 3, none()).await.done();
    assert_eq!(figures(&shop, &held).await, (json!(5), json!(3)));
    let again = reserve(&shop, "O-1", 3, none()).await.done();
    assert_eq!(held.body["version"], again.body["version"], "an order holds once");
    let back = release(&shop, "O-1", none()).await.done();
    assert_eq!(figures(&shop, &back).await, (json!(5), json!(0)));
    release(&shop, "O-1", none()).await.done();
    reserve(&shop, "O-2", 2, none()).await.done();
    let gone = commit(&shop, "O-2", none()).await.done();
    assert_eq!(figures(&shop, &gone).await, (json!(3), json!(0)));
    let unknown = commit(&shop, "O-9", none()).await.done();
    assert_eq!(gone.body["version"], unknown.body["version"], "nothing was held");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_held_is_refused_with_its_code() {
    use tonic::Code;
    let shop = Arc::new(Shop::open().await);
    shop.stock_up("P-1", 5).await;
    reserve(&shop, "O-1", 3, none()).await.done();
    let refused = |reply: Reply| (reply.code, reply.grpc, reply.field);
    let table = [
        (reserve(&shop, "O-2", 3, none()).await, "stock.insufficient", Code::FailedPrecondition),
        (
            reserve(&shop, "O-1", 2, none()).await,
            "stock.held_differently",
            Code::FailedPrecondition,
        ),
        (reserve(&shop, "O-2", 0, none()).await, "stock.nothing_to_reserve", Code::InvalidArgument),
    ];
    for (reply, code, grpc) in table {
        assert_eq!(refused(reply), (code.to_owned(), grpc, None));
    }
    let bad = refused(reserve(&shop, "a b", 1, none()).await);
    let expected = ("request.bad_parameter".to_owned(), Code::InvalidArgument);
    assert_eq!(bad, (expected.0, expected.1, Some("order_id".to_owned())));
    let customer: Headers = vec![("chimera-act-as", "alice".to_owned())];
    for reply in [
        reserve(&shop, "O-3", 1, customer.clone()).await,
        release(&shop, "O-1", customer.clone()).await,
        commit(&shop, "O-1", customer).await,
    ] {
        assert_eq!(
            (reply.code.as_str(), reply.grpc),
            ("auth.scope_missing", Code::PermissionDenied)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_reservation_is_for_one_request() {
    let shop = Arc::new(Shop::open().await);
    shop.stock_up("P-1", 5).await;
    let key: Headers = vec![("idempotency-key", "k".to_owned())];
    let first = reserve(&shop, "O-1", 1, key.clone()).await.done();
    let again = reserve(&shop, "O-1", 1, key.clone()).await.done();
    assert_eq!(first, again);
    reserve(&shop, "O-2", 1, key).await.is("idempotency.key_reused");
}
