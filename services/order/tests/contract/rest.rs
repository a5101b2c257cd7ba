//! The client over REST.

use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use prost_types::Timestamp;
use serde_json::{Value, json};
use tonic::Code;

use crate::client::{Asking, Client, Reply, What};
use crate::shop::{Answer, Ask, Shop, ask, get, post};

pub(crate) struct Rest(pub(crate) Arc<Shop>);

#[async_trait]
impl Client for Rest {
    async fn send(&self, asking: Asking) -> Reply {
        let mut request = request(asking.what);
        for (name, value) in &asking.headers {
            request = request.header(name, value);
        }
        reply(self.0.ask(request).await)
    }
}

fn request(what: What) -> Ask {
    let (products, orders) = ("/api/v1/products", "/api/v1/orders");
    let none = json!({});
    match what {
        What::CreateProduct(body) => post(products, &body),
        What::UpdateProduct(id, body) => ask("PATCH", &format!("{products}/{id}"), &body),
        What::ChangePrice(id, body) => ask("PUT", &format!("{products}/{id}/price"), &body),
        What::Discontinue(id, body) => ask("DELETE", &format!("{products}/{id}"), &body),
        What::Relist(id) => post(&format!("{products}/{id}/relist"), &none),
        What::Product(id) => get(&format!("{products}/{id}")),
        What::Products(limit, cursor) => {
            let limit = limit.map(|limit| format!("limit={limit}&")).unwrap_or_default();
            let cursor = cursor.map(|cursor| format!("cursor={cursor}")).unwrap_or_default();
            get(&format!("{products}?{limit}{cursor}"))
        }
        What::PastPrices(id, limit) => {
            let limit = limit.map(|limit| format!("?limit={limit}")).unwrap_or_default();
            get(&format!("{products}/{id}/price-history{limit}"))
        }
        What::Adjust(id, body) => post(&format!("/api/v1/inventory/{id}/adjustments"), &body),
        What::Stock(id) => get(&format!("/api/v1/inventory/{id}")),
        What::Place(body) => post(orders, &body),
        What::Pay(id, body) => post(&format!("{orders}/{id}/pay"), &body),
        What::Cancel(id) => post(&format!("{orders}/{id}/cancel"), &none),
        What::Ship(id, body) => post(&format!("{orders}/{id}/ship"), &body),
        What::Deliver(id) => post(&format!("{orders}/{id}/deliver"), &none),
        What::Return(id, body) => post(&format!("{orders}/{id}/returns"), &body),
        What::Decide(id, decision, body) => {
            post(&format!("{orders}/{id}/returns/{decision}"), &body)
        }
        What::Order(id, None) => get(&format!("{orders}/{id}")),
        What::Order(id, Some(at)) => get(&format!("{orders}/{id}?at={at}")),
    }
}

fn reply(answer: Answer) -> Reply {
    let header = |name: &str| Some(answer.headers.get(name)?.to_str().unwrap().to_owned());
    let well = answer.status < 300;
    let code = if well { "ok".to_owned() } else { answer.text("/code").to_owned() };
    Reply {
        grpc: grpc(answer.status, &code),
        field: answer.body["field"].as_str().filter(|_| !well).map(in_messages),
        detail: answer.text("/detail").to_owned(),
        retry: header("retry-after").map(|seconds| seconds.parse().unwrap()),
        position: header("chimera-position"),
        waited: header("preference-applied"),
        correlated: header("correlation-id").is_some(),
        body: if well { comparable(answer.body) } else { Value::Null },
        code,
    }
}

/// The contract's table, as the comments in `proto/` have it.
fn grpc(status: u16, code: &str) -> Code {
    match (status, code) {
        (200..300, _) => Code::Ok,
        (_, "request.timed_out") => Code::DeadlineExceeded,
        (_, code) if code.ends_with(".already_exists") => Code::AlreadyExists,
        (400 | 422, _) => Code::InvalidArgument,
        (401, _) => Code::Unauthenticated,
        (403, _) => Code::PermissionDenied,
        (404, _) => Code::NotFound,
        (409, _) => Code::FailedPrecondition,
        (413, _) => Code::ResourceExhausted,
        (503, _) => Code::Unavailable,
        _ => Code::Internal,
    }
}

/// The path of a field of JSON in the words of messages.
fn in_messages(field: &str) -> String {
    let mut path = String::new();
    for letter in field.chars() {
        if letter.is_uppercase() {
            path.push('_');
        }
        path.extend(letter.to_lowercase());
    }
    path
}

/// Without nulls, and with times as microseconds.
fn comparable(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, field)| !field.is_null())
            .map(|(name, field)| (name, comparable(field)))
            .collect(),
        Value::Array(items) => items.into_iter().map(comparable).collect(),
        Value::String(text) => match Timestamp::from_str(&text) {
            Ok(time) => micros(&time),
            Err(_) => Value::String(text),
        },
        plain => plain,
    }
}

pub(crate) fn micros(time: &Timestamp) -> Value {
    json!(time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000)
}
