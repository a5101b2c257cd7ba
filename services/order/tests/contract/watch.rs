//! Following one order: every event once and in order, from any place, until somebody ends it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chimera_kit::lifecycle::Stage;
use chimera_proto::order::v1::orders_client::OrdersClient;
use chimera_proto::order::v1::{WatchOrderRequest, WatchOrderResponse};
use futures_util::StreamExt;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use crate::calls::{Headers, orders, refused, with};
use crate::shop::{Shop, get, post};

async fn watch(
    shop: &Arc<Shop>,
    order_id: &str,
    after: Option<String>,
    headers: Headers,
) -> Result<Streaming<WatchOrderResponse>, Status> {
    let message = WatchOrderRequest { order_id: order_id.to_owned(), after };
    Ok(orders(shop).watch_order(with(message, &headers)).await?.into_inner())
}

async fn all(
    shop: &Arc<Shop>,
    order: &str,
    after: Option<String>,
) -> Streaming<WatchOrderResponse> {
    watch(shop, order, after, vec![]).await.unwrap()
}

async fn take(stream: &mut Streaming<WatchOrderResponse>, count: usize) -> Vec<WatchOrderResponse> {
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.push(stream.next().await.unwrap().unwrap());
    }
    taken
}

fn versions(seen: &[WatchOrderResponse]) -> Vec<u64> {
    seen.iter().map(|seen| seen.event.as_ref().unwrap().version).collect()
}

async fn paid_order(shop: &Arc<Shop>, key: &str) -> String {
    let placed = shop.place(key, "P-1", 1).await;
    let id = placed.text("/orderId").to_owned();
    shop.pay(&id, key, "tok_approve").await.is(200);
    id
}

async fn shop() -> Arc<Shop> {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 500).await;
    Arc::new(shop)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_says_what_the_history_says() {
    let shop = shop().await;
    let id = paid_order(&shop, "k").await;
    let seen = take(&mut all(&shop, &id, None).await, 4).await;
    assert_eq!(versions(&seen), [1, 2, 3, 4]);
    let history = shop.ask(get(&format!("/api/v1/orders/{id}/events"))).await.is(200);
    let items = history.body["items"].as_array().unwrap();
    for (seen, item) in seen.iter().zip(items) {
        let event = seen.event.as_ref().unwrap();
        assert_eq!(
            (&event.event_id, &event.event_type),
            (&text(item, "eventId"), &text(item, "eventType"))
        );
        assert_eq!(
            (&seen.position, &event.correlation_id),
            (&text(item, "position"), &text(item, "correlationId"))
        );
        assert_eq!(seen.order.as_ref().unwrap().version, event.version);
        let fields = &event.data.as_ref().unwrap().fields;
        let names: BTreeSet<&String> = item["data"].as_object().unwrap().keys().collect();
        assert_eq!(fields.keys().collect::<BTreeSet<_>>(), names);
    }
    let statuses: Vec<_> = seen.iter().map(|seen| seen.order.as_ref().unwrap().status()).collect();
    assert_eq!(format!("{statuses:?}"), "[Pending, Pending, Pending, Paid]");
    assert!(!format!("{:?}", seen[2].event.as_ref().unwrap().data).contains("tok_approve"));
}

fn text(item: &serde_json::Value, name: &str) -> String {
    item[name].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_is_resumed_without_gap_or_double() {
    let shop = shop().await;
    let id = paid_order(&shop, "k").await;
    let others: Vec<String> =
        [paid_order(&shop, "other-1").await, paid_order(&shop, "other-2").await].into();
    let first = take(&mut all(&shop, &id, None).await, 4).await;
    // From behind every event, while more events come, of this order and of others.
    let mut resumed = Vec::new();
    for seen in &first {
        resumed.push((seen.clone(), all(&shop, &id, Some(seen.position.clone())).await));
    }
    for order in others.iter().chain([&id]) {
        for (step, body) in [("ship", json!({})), ("deliver", json!({}))] {
            shop.ask(post(&format!("/api/v1/orders/{order}/{step}"), &body)).await.is(200);
        }
    }
    for (behind, mut stream) in resumed {
        let behind = behind.event.unwrap().version;
        let rest = take(&mut stream, usize::try_from(6 - behind).unwrap()).await;
        assert_eq!(versions(&rest), (behind + 1..=6).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_as_they_happen() {
    let shop = shop().await;
    let placed = shop.place("k", "P-1", 1).await;
    let id = placed.text("/orderId").to_owned();
    let mut stream = all(&shop, &id, Some(placed.position())).await;
    for (attempt, token) in ["tok_decline", "tok_decline", "tok_approve"].iter().enumerate() {
        shop.pay(&id, &format!("p-{attempt}"), token).await.is(200);
        let seen = take(&mut stream, 2).await;
        let order = seen[1].order.as_ref().unwrap();
        let status = if *token == "tok_approve" { "Paid" } else { "Pending" };
        assert_eq!(format!("{:?}", order.status()), status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_followed_is_refused() {
    let shop = shop().await;
    let placed = shop.place("k", "P-1", 1).await;
    let (id, position) = (placed.text("/orderId").to_owned(), placed.position());
    let partition: u32 = position.split('/').nth(1).unwrap().parse().unwrap();
    let elsewhere = format!("ecommerce.order.order/{}/1", 1 - partition);
    let beyond = format!("ecommerce.order.order/{partition}/999999");
    let stock = format!("ecommerce.inventory.stock/{partition}/1");
    for bad in ["here".to_owned(), elsewhere, beyond, stock] {
        let status = watch(&shop, &id, Some(bad.clone()), vec![]).await.unwrap_err();
        let reply = refused(&status);
        assert_eq!(
            (reply.code.as_str(), reply.field.as_deref()),
            ("position.invalid", Some("after")),
            "{bad}"
        );
    }
    let nope = watch(&shop, "nope", None, vec![]).await.unwrap_err();
    assert_eq!(refused(&nope).code, "order.not_found");
    let bob = vec![("chimera-act-as", "bob".to_owned())];
    assert_eq!(refused(&watch(&shop, &id, None, bob).await.unwrap_err()).code, "auth.not_yours");
    let alice = vec![("chimera-act-as", "alice".to_owned())];
    take(&mut watch(&shop, &id, None, alice).await.unwrap(), 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_deadline_passes() {
    let shop = shop().await;
    let id = paid_order(&shop, "k").await;
    let headers = vec![("grpc-timeout", "3S".to_owned())];
    let mut stream = watch(&shop, &id, None, headers).await.unwrap();
    take(&mut stream, 4).await;
    let status = stream.next().await.unwrap().unwrap_err();
    let reply = refused(&status);
    assert_eq!((reply.code.as_str(), reply.grpc), ("request.timed_out", Code::DeadlineExceeded));
    assert!(stream.next().await.is_none());
}

/// Serves the shop on a real socket, until told to end; then the server's own life ends in order.
async fn served(
    shop: &Arc<Shop>,
) -> (OrdersClient<Channel>, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let mut lifecycle = shop.lifecycle.lock().unwrap().take().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stopping = lifecycle.stopping(Stage::Intake);
    let serving = chimera_kit::grpc::serve(listener, shop.methods.clone(), stopping);
    lifecycle.spawn(Stage::Intake, "grpc", serving);
    let (end, told) = oneshot::channel::<()>();
    lifecycle.spawn(Stage::Work, "end", async {
        let _ = told.await;
        Ok(())
    });
    let ended = tokio::spawn(async { drop(lifecycle.run().await) });
    let client = OrdersClient::connect(format!("http://{address}")).await.unwrap();
    (client, end, ended)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_the_server_stops_and_can_be_resumed() {
    let shop = shop().await;
    let id = paid_order(&shop, "k").await;
    let (mut client, end, ended) = served(&shop).await;
    let request = WatchOrderRequest { order_id: id, after: None };
    let mut stream = client.watch_order(request).await.unwrap().into_inner();
    take(&mut stream, 4).await;
    let told = Instant::now();
    end.send(()).unwrap();
    let reply = refused(&stream.next().await.unwrap().unwrap_err());
    assert_eq!((reply.code.as_str(), reply.grpc), ("partition.not_owned", Code::Unavailable));
    ended.await.unwrap();
    // It waited for nobody: the patience of its life is ten seconds.
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_leaves_nothing_behind() {
    let shop = shop().await;
    let id = paid_order(&shop, "k").await;
    let (mut client, end, ended) = served(&shop).await;
    for _ in 0..20 {
        let request = WatchOrderRequest { order_id: id.clone(), after: None };
        let mut stream = client.watch_order(request).await.unwrap().into_inner();
        take(&mut stream, 2).await;
    }
    drop(client);
    end.send(()).unwrap();
    ended.await.unwrap();
}
