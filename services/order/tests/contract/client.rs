//! A client of the shop in no API's words: what it asks, and what it is told.

use async_trait::async_trait;
use serde_json::Value;
use tonic::Code;

/// REST or gRPC.
#[async_trait]
pub(crate) trait Client: Send + Sync {
    async fn send(&self, asking: Asking) -> Reply;
}

/// What is asked; bodies are as REST has them.
#[derive(Clone)]
pub(crate) enum What {
    CreateProduct(Value),
    UpdateProduct(String, Value),
    ChangePrice(String, Value),
    Discontinue(String, Value),
    Relist(String),
    Product(String),
    Products(Option<u32>, Option<String>),
    PastPrices(String, Option<u32>),
    Adjust(String, Value),
    Stock(String),
    Place(Value),
    Pay(String, Value),
    Cancel(String),
    Ship(String, Value),
    Deliver(String),
    Return(String, Value),
    Decide(String, String, Value),
    Order(String, Option<String>),
}

/// What is asked, by whom and how.
#[derive(Clone)]
pub(crate) struct Asking {
    pub(crate) what: What,
    /// Headers of REST, metadata of gRPC.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl What {
    pub(crate) fn now(self) -> Asking {
        Asking { what: self, headers: vec![] }
    }

    pub(crate) fn key(self, key: &str) -> Asking {
        self.now().header("idempotency-key", key)
    }

    pub(crate) fn after(self, position: &str) -> Asking {
        self.now().header("chimera-position", position)
    }
}

impl Asking {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn acting_as(self, customer: &str) -> Self {
        self.header("chimera-act-as", customer)
    }

    pub(crate) fn wait(self) -> Self {
        self.header("prefer", "wait=20")
    }
}

/// What it is told: the same over both, but for the words of the API itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    /// `ok`, or the stable code of the problem.
    pub(crate) code: String,
    /// gRPC's own code; over REST the one that the contract derives from the status.
    pub(crate) grpc: Code,
    /// Which field is wrong, in the words of messages.
    pub(crate) field: Option<String>,
    pub(crate) detail: String,
    /// After how many seconds to try again.
    pub(crate) retry: Option<u64>,
    /// As REST has it, without nulls; times are microseconds since 1970.
    pub(crate) body: Value,
    pub(crate) position: Option<String>,
    pub(crate) waited: Option<String>,
    /// Whether the answer says which request it belongs to.
    pub(crate) correlated: bool,
}

impl Reply {
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, "ok", "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn is(self, code: &str) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    pub(crate) fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub(crate) fn at(&self) -> &str {
        self.position.as_deref().unwrap()
    }
}
