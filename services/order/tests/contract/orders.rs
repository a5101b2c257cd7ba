//! What happens to orders, told over both APIs.

use std::sync::Arc;

use serde_json::json;

use crate::client::What;
use crate::shop::{Shop, get, order};
use crate::teller::{Teller, told_alike};

async fn shop() -> Arc<Shop> {
    Arc::new(Shop::open().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_placed_paid_shipped_delivered_sent_back_and_refunded() {
    told_alike(&shop().await, async |teller: &mut Teller| {
        teller.stock_up("P", 5).await;
        let id = teller.place("order", "P", 2).await;
        let paid = teller.pay(&id, "pay", "tok_approve").await;
        assert_eq!((paid.text("/status"), paid.text("/payment")), ("PAID".into(), "PAID".into()));
        let parcel = json!({"carrier": "Royal Mail", "trackingNumber": "QK1"});
        teller.ask(What::Ship(id.clone(), parcel).now()).await.done();
        teller.ask(What::Deliver(id.clone()).now()).await.done();
        let reason = json!({"reason": "damaged"});
        for (key, decision) in [("first", "reject"), ("second", "accept")] {
            let back = What::Return(id.clone(), reason.clone()).key(key).acting_as("alice");
            assert_eq!(teller.ask(back).await.text("/status"), "RETURN_REQUESTED");
            let decide = What::Decide(id.clone(), decision.to_owned(), reason.clone());
            teller.ask(decide.now()).await.done();
        }
        let seen = teller
            .until(What::Order(id.clone(), None), |order| {
                order["payment"]["state"] == "REFUNDED" && order["payment"]["refunded"].is_object()
            })
            .await;
        assert_eq!((&seen["status"], &seen["kind"]), (&json!("RETURNED"), &json!("ORDER")));
        assert_eq!(seen["payment"]["refunded"], json!({"amount": "25.50", "currency": "GBP"}));
        for at in ["1", "3", "9999-01-01T00:00:00Z"] {
            teller.ask(What::Order(id.clone(), Some(at.to_owned())).now()).await.done();
        }
        let stock = What::Stock(teller.product("P"));
        teller.until(stock, |stock| stock["version"] == 4).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_given_up_by_customers_and_by_staff() {
    told_alike(&shop().await, async |teller: &mut Teller| {
        teller.stock_up("P", 9).await;
        let pending = teller.place("pending", "P", 1).await;
        let cancel = || What::Cancel(pending.clone());
        teller.ask(cancel().now().acting_as("bob")).await.is("order.not_yours");
        teller.ask(cancel().now().acting_as("alice")).await.done();
        teller.ask(cancel().now()).await.done();
        let paid = teller.place("paid", "P", 1).await;
        teller.pay(&paid, "pay", "tok_approve").await.done();
        let cancel = || What::Cancel(paid.clone());
        teller.ask(cancel().now().acting_as("alice")).await.is("order.staff_only");
        assert_eq!(teller.ask(cancel().now()).await.done().text("/status"), "CANCELED");
        let seen = teller
            .until(What::Order(paid.clone(), None), |order| {
                order["payment"]["state"] == "REFUNDED" && order["payment"]["refunded"].is_object()
            })
            .await;
        assert_eq!(seen["cancellation"]["reason"], "STAFF");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_had_says_what_was_short() {
    told_alike(&shop().await, async |teller: &mut Teller| {
        teller.stock_up("P", 5).await;
        teller.stock_up("Q", 1).await;
        let mut body = order("alice", &teller.product("P"), 2);
        let short = json!({"productId": teller.product("Q"), "quantity": 3});
        body["lines"].as_array_mut().unwrap().push(short);
        let placed = teller.ask(What::Place(body).key("k").wait()).await.done();
        assert_eq!(placed.text("/status"), "CANCELED");
        let id = placed.text("/orderId");
        let seen = teller.until(What::Order(id.clone(), None), |o| o["status"] == "CANCELED").await;
        assert_eq!(seen["cancellation"]["shortLines"][0]["asked"], 3);
        teller.pay(&id, "pay", "tok_approve").await.is("order.wrong_status");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_end_as_their_tokens_say() {
    told_alike(&shop().await, async |teller: &mut Teller| {
        teller.stock_up("P", 50).await;
        for token in ["tok_approve", "tok_timeout", "tok_flaky", "tok_decline"] {
            let id = teller.place(token, "P", 1).await;
            teller.pay(&id, token, token).await.done();
        }
        let id = teller.place("cash", "P", 1).await;
        let cash = What::Pay(id, json!({"method": "COD"})).key("cash").wait();
        assert_eq!(teller.ask(cash).await.done().text("/payment"), "PAID");
        let id = teller.place("five", "P", 1).await;
        for attempt in 1..=5 {
            let answer = teller.pay(&id, &format!("five-{attempt}"), "tok_decline").await.done();
            let status = if attempt < 5 { "PENDING" } else { "CANCELED" };
            assert_eq!(answer.text("/status"), status);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_repeated_has_one_effect_and_a_key_is_for_one_request() {
    told_alike(&shop().await, async |teller: &mut Teller| {
        teller.stock_up("P", 9).await;
        let id = teller.place("k-1", "P", 2).await;
        assert_eq!(teller.place("k-1", "P", 2).await, id);
        let other = order("alice", &teller.product("P"), 3);
        teller.ask(What::Place(other).key("k-1")).await.is("idempotency.key_reused");
        let own = order("alice", &teller.product("P"), 2);
        let own = teller.ask(What::Place(own).key("k-1").acting_as("alice").wait()).await.done();
        assert_ne!(own.text("/orderId"), id, "keys belong to their callers");
        teller.pay(&id, "k-2", "tok_approve").await.done();
        teller.pay(&id, "k-2", "tok_approve").await.done();
        teller.pay(&id, "k-2", "tok_decline").await.is("idempotency.key_reused");
        let ship = |carrier: &str| What::Ship(id.clone(), json!({"carrier": carrier}));
        teller.ask(ship("A").key("k-3")).await.done();
        teller.ask(ship("A").key("k-3")).await.done();
        teller.ask(ship("B").key("k-3")).await.is("idempotency.key_reused");
        teller.ask(ship("B").now()).await.done();
    })
    .await;
}

/// One order, as both show it to the microsecond.
#[tokio::test(flavor = "multi_thread")]
async fn both_show_the_same_order() {
    use crate::client::Client;
    let shop = shop().await;
    shop.stock_up("P-1", 5).await;
    let placed = shop.place("k", "P-1", 2).await;
    let id = placed.text("/orderId").to_owned();
    let paid = shop.pay(&id, "p", "tok_approve").await.is(200);
    let path = format!("/api/v1/orders/{id}?after={}", paid.position());
    // Positions of orders say nothing of payments.
    while shop.ask(get(&path)).await.text("/payment/state") != "CAPTURED" {
        tokio::task::yield_now().await;
    }
    let (rest, grpc) = (crate::rest::Rest(Arc::clone(&shop)), crate::grpc::Grpc(shop));
    for at in [None, Some("1".to_owned()), Some("2".to_owned()), Some("4".to_owned())] {
        let ask = || What::Order(id.clone(), at.clone()).after(&paid.position());
        let (over_rest, over_grpc) = (rest.send(ask()).await, grpc.send(ask()).await);
        assert_eq!(over_rest.clone().done(), over_grpc);
        assert_eq!(over_rest.text("/totals/total"), "25.50");
    }
}
