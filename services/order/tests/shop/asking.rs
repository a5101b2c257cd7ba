//! Requests to the shop over REST, and its answers.

use axum::http::HeaderMap;
use serde_json::{Value, json};

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// A request; add to it, then [`Shop::ask`].
pub(crate) struct Ask {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
}

pub(crate) fn get(path: &str) -> Ask {
    Ask { method: "GET", path: path.into(), headers: vec![], body: None }
}

pub(crate) fn post(path: &str, body: &Value) -> Ask {
    ask("POST", path, body)
}

pub(crate) fn ask(method: &'static str, path: &str, body: &Value) -> Ask {
    let headers = vec![("content-type".into(), "application/json".into())];
    Ask { method, path: path.into(), headers, body: Some(body.to_string()) }
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn acting_as(self, customer: &str) -> Self {
        self.header("chimera-act-as", customer)
    }

    pub(crate) fn wait(self) -> Self {
        self.header("prefer", "wait=20")
    }

    pub(crate) fn raw(mut self, body: &str) -> Self {
        self.body = Some(body.into());
        self
    }
}

impl Answer {
    pub(crate) fn position(&self) -> String {
        self.headers["chimera-position"].to_str().unwrap().to_owned()
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.text("/code")), (status, code), "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
    }
}

/// The body of an order.
pub(crate) fn order(customer: &str, product: &str, quantity: u32) -> Value {
    json!({
        "customerId": customer,
        "lines": [{"productId": product, "quantity": quantity}],
        "shippingAddress": {"country": "United Kingdom"}
    })
}
