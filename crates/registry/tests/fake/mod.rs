//! A registry in the process, which can be made to fail in every way.
#![allow(dead_code, reason = "not every test file uses all of it")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chimera_registry::RegistrySettings;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What is wrong with it.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Every answer is this status, with a body that is no JSON.
    Status(u16),
    /// The next so many answers are 503.
    NotYet(u32),
    /// It answers with a page.
    Page,
    /// It takes questions and never answers.
    Silent,
    /// This account may not change anything.
    ReadOnly,
    /// It refuses every schema that it has not got.
    Refusing,
}

#[derive(Default)]
pub(crate) struct Held {
    pub(crate) fault: Fault,
    pub(crate) schemas: Vec<String>,
    pub(crate) subjects: BTreeMap<String, Vec<usize>>,
    pub(crate) levels: BTreeMap<String, String>,
    /// Method, path and whether a name and password came with it.
    pub(crate) asked: Vec<(Method, String, bool)>,
    pub(crate) writes: usize,
}

pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    held: Arc<Mutex<Held>>,
    task: tokio::task::JoinHandle<()>,
}

type Shared = State<Arc<Mutex<Held>>>;

impl Fake {
    pub(crate) async fn start() -> Self {
        Self::with(Held::default(), "127.0.0.1:0".parse().unwrap()).await
    }

    async fn with(held: Held, address: SocketAddr) -> Self {
        let held = Arc::new(Mutex::new(held));
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let application = application(&held);
        let task = tokio::spawn(async move { axum::serve(listener, application).await.unwrap() });
        Self { address, held, task }
    }

    /// What a test may see and change.
    pub(crate) fn held<T>(&self, look: impl FnOnce(&mut Held) -> T) -> T {
        look(&mut self.held.lock().unwrap())
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.held(|held| held.fault = fault);
    }

    /// Settings of little patience.
    pub(crate) fn settings(&self) -> RegistrySettings {
        RegistrySettings {
            request: Duration::from_millis(500),
            patience: Duration::from_millis(800),
            ..RegistrySettings::new(&format!("http://{}", self.address))
        }
    }

    /// Nobody listens any more.
    pub(crate) async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

fn application(held: &Arc<Mutex<Held>>) -> Router {
    Router::new()
        .route("/subjects/{subject}", post(find))
        .route("/subjects/{subject}/versions", post(register))
        .route("/config/{subject}", get(level).put(set_level))
        .route("/compatibility/subjects/{subject}/versions", post(trial))
        .route("/schemas/ids/{id}", get(by_id))
        .layer(middleware::from_fn_with_state(held.clone(), faulty))
        .with_state(held.clone())
}

async fn faulty(State(held): Shared, request: Request, next: Next) -> Response {
    let fault = {
        let mut held = held.lock().unwrap();
        let login = request.headers().get("authorization");
        // "shop" and "hush", as basic authentication writes them.
        let login = login.is_some_and(|login| login == "Basic c2hvcDpodXNo");
        held.asked.push((request.method().clone(), request.uri().path().to_owned(), login));
        let fault = held.fault;
        if let Fault::NotYet(left) = fault {
            held.fault = if left > 1 { Fault::NotYet(left - 1) } else { Fault::None };
        }
        fault
    };
    match fault {
        Fault::Status(status) => (StatusCode::from_u16(status).unwrap(), "no JSON").into_response(),
        Fault::NotYet(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Fault::Page => "<html>Welcome</html>".into_response(),
        Fault::Silent => std::future::pending().await,
        Fault::ReadOnly | Fault::Refusing | Fault::None => next.run(request).await,
    }
}

fn said(status: u16, code: u32, message: &str) -> Response {
    let body = json!({ "error_code": code, "message": message }).to_string();
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

fn schema_of(body: &Bytes) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["schema"].as_str().unwrap().to_owned()
}

impl Held {
    fn id(&self, subject: &str, schema: &str) -> Option<usize> {
        let ids = self.subjects.get(subject)?;
        ids.iter().copied().find(|id| self.schemas[*id - 1] == schema)
    }

    /// As a registration by somebody else.
    pub(crate) fn put(&mut self, subject: &str, schema: &str) -> usize {
        let known = self.schemas.iter().position(|known| known == schema);
        let id = 1 + known.unwrap_or_else(|| {
            self.schemas.push(schema.to_owned());
            self.schemas.len() - 1
        });
        self.subjects.entry(subject.to_owned()).or_default().push(id);
        id
    }
}

async fn find(State(held): Shared, Path(subject): Path<String>, body: Bytes) -> Response {
    match held.lock().unwrap().id(&subject, &schema_of(&body)) {
        Some(id) => {
            json!({ "subject": subject, "id": id, "version": 1 }).to_string().into_response()
        }
        None => said(404, 40403, "Schema not found"),
    }
}

async fn register(State(held): Shared, Path(subject): Path<String>, body: Bytes) -> Response {
    let mut held = held.lock().unwrap();
    match held.fault {
        Fault::ReadOnly => return said(403, 40301, "User is denied operation Write"),
        Fault::Refusing => return said(409, 409, "the new schema misses a field"),
        _ => {}
    }
    held.writes += 1;
    let id = held.put(&subject, &schema_of(&body));
    json!({ "id": id }).to_string().into_response()
}

async fn level(State(held): Shared, Path(subject): Path<String>) -> Response {
    match held.lock().unwrap().levels.get(&subject) {
        Some(level) => json!({ "compatibilityLevel": level }).to_string().into_response(),
        None => said(404, 40408, "Subject does not have subject-level compatibility configured"),
    }
}

async fn set_level(State(held): Shared, Path(subject): Path<String>, body: Bytes) -> Response {
    let mut held = held.lock().unwrap();
    if held.fault == Fault::ReadOnly {
        return said(403, 40301, "User is denied operation SubjectCompatibilityWrite");
    }
    held.writes += 1;
    let body: Value = serde_json::from_slice(&body).unwrap();
    held.levels.insert(subject, body["compatibility"].as_str().unwrap().to_owned());
    body.to_string().into_response()
}

async fn trial(State(held): Shared) -> Response {
    let fits = held.lock().unwrap().fault != Fault::Refusing;
    let messages = if fits { json!([]) } else { json!(["the new schema misses a field"]) };
    json!({ "is_compatible": fits, "messages": messages }).to_string().into_response()
}

async fn by_id(State(held): Shared, Path(id): Path<usize>) -> Response {
    match held.lock().unwrap().schemas.get(id - 1) {
        Some(schema) => json!({ "schema": schema }).to_string().into_response(),
        None => said(404, 40403, "Schema not found"),
    }
}
