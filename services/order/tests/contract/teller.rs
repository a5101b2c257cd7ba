//! Tells a story over one API after the other, and compares what came of every single step.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Asking, Client, Reply, What};
use crate::grpc::Grpc;
use crate::rest::Rest;
use crate::shop::{Shop, order};

/// Far longer than anything here takes, so that only what never comes fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who tells a story over one API.
pub(crate) struct Teller {
    client: Box<dyn Client>,
    /// Keeps what belongs to one telling apart from the other.
    tag: &'static str,
    told: Vec<Reply>,
}

/// Tells `story` over REST, then over gRPC, in the same shop; both must be told the same at every step.
pub(crate) async fn told_alike(shop: &Arc<Shop>, story: impl AsyncFn(&mut Teller)) {
    let (rest, grpc) = (Rest(Arc::clone(shop)), Grpc(Arc::clone(shop)));
    let mut over_rest = Teller { client: Box::new(rest), tag: "rest", told: vec![] };
    let mut over_grpc = Teller { client: Box::new(grpc), tag: "grpc", told: vec![] };
    story(&mut over_rest).await;
    story(&mut over_grpc).await;
    assert_eq!(over_rest.told.len(), over_grpc.told.len());
    for (place, (rest, grpc)) in over_rest.told.iter().zip(&over_grpc.told).enumerate() {
        assert_eq!(rest, grpc, "step {place}: over REST on the left, over gRPC on the right");
    }
}

impl Teller {
    /// A product's id, its own for each telling.
    pub(crate) fn product(&self, name: &str) -> String {
        format!("{}-{name}", self.tag)
    }

    pub(crate) async fn ask(&mut self, asking: Asking) -> Reply {
        let reply = self.client.send(asking).await;
        assert!(reply.correlated, "{reply:?}");
        self.told.push(without_names(reply.clone(), self.tag));
        reply
    }

    /// Asks a read until it shows what is wanted: what comes from processes comes in its own time.
    pub(crate) async fn until(&mut self, what: What, reached: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let reply = self.client.send(what.clone().now()).await;
            assert!(Instant::now() < end, "it never became so: {reply:?}");
            if reply.code == "ok" && reached(&reply.body) {
                self.told.push(without_names(reply.clone(), self.tag));
                return reply.body;
            }
            tokio::task::yield_now().await;
        }
    }

    /// A product at 10.00 GBP with so many on the shelf.
    pub(crate) async fn stock_up(&mut self, name: &str, units: i64) {
        let id = self.product(name);
        self.ask(What::CreateProduct(self.new_product(name)).key(&id)).await.done();
        let body = json!({"delta": units, "reason": "RECEIVED"});
        self.ask(What::Adjust(id.clone(), body).key(&id)).await.done();
    }

    pub(crate) fn new_product(&self, name: &str) -> Value {
        let price = json!({"amount": "10.00", "currency": "GBP"});
        let details = json!({"title": format!("Title of {name}")});
        json!({"productId": self.product(name), "details": details, "price": price})
    }

    /// Places an order of `alice`, waits until its stock is held or missing, and gives its id.
    pub(crate) async fn place(&mut self, key: &str, name: &str, quantity: u32) -> String {
        let body = order("alice", &self.product(name), quantity);
        self.ask(What::Place(body).key(key).wait()).await.done().text("/orderId")
    }

    /// Pays an order and waits for the outcome.
    pub(crate) async fn pay(&mut self, order: &str, key: &str, token: &str) -> Reply {
        let body = json!({"method": "CARD", "token": token});
        self.ask(What::Pay(order.to_owned(), body).key(key).wait()).await
    }
}

/// The reply without what differs from telling to telling: names, ids, times, places in the log.
fn without_names(reply: Reply, tag: &str) -> Reply {
    let position = reply.position.map(|position| {
        let stream = position.split('/').next().unwrap();
        stream.to_owned()
    });
    let detail = plain(&reply.detail, tag);
    Reply { body: erased(reply.body, tag), position, detail, ..reply }
}

fn erased(value: Value, tag: &str) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().map(|(name, field)| (name, erased(field, tag))).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| erased(item, tag)).collect(),
        Value::String(text) => Value::String(plain(&text, tag)),
        Value::Number(number) if number.as_i64().is_some_and(|n| n > 1_000_000_000_000_000) => {
            json!("a time")
        }
        plain => plain,
    }
}

fn plain(text: &str, tag: &str) -> String {
    match text.strip_prefix("o-") {
        Some(id) => format!("an order{}", id.get(26..).unwrap_or_default()),
        None => text.replace(tag, "x"),
    }
}
