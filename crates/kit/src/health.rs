//! Whether the process is alive and ready, and what it is waiting for if not.
//!
//! Each part registers a named check; nobody else's state is kept here.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde_json::json;

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It can serve.
    Ready,
    /// It can serve, though something is amiss: a text for operators, without personal data.
    ReadyBut(String),
    /// It cannot, and why: a text for operators, without personal data.
    NotReady(String),
}

type Check = Box<dyn Fn() -> Readiness + Send + Sync>;

/// The checks of a process; cheap to clone.
#[derive(Clone, Default)]
pub struct Health {
    checks: Arc<RwLock<BTreeMap<String, Check>>>,
}

impl Health {
    /// Adds a check, or replaces the one of this name. It must answer at once: it is called on every request.
    pub fn register(&self, name: &str, check: impl Fn() -> Readiness + Send + Sync + 'static) {
        let mut checks = self.checks.write().unwrap_or_else(PoisonError::into_inner);
        checks.insert(name.to_owned(), Box::new(check));
    }

    /// What every check says.
    #[must_use]
    pub fn readiness(&self) -> BTreeMap<String, Readiness> {
        let checks = self.checks.read().unwrap_or_else(PoisonError::into_inner);
        checks.iter().map(|(name, check)| (name.clone(), check())).collect()
    }

    /// Whether every check is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.readiness().values().all(|readiness| !matches!(readiness, Readiness::NotReady(_)))
    }

    /// `/health/live` and `/health/ready`.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/health/live", routing::get(|| async { Json(json!({"status": "live"})) }))
            .route("/health/ready", routing::get(ready))
            .with_state(self.clone())
    }
}

async fn ready(State(health): State<Health>) -> Response {
    let mut checks = serde_json::Map::new();
    let mut all_ready = true;
    for (name, readiness) in health.readiness() {
        let said = match readiness {
            Readiness::Ready => json!({"status": "ready"}),
            Readiness::ReadyBut(reason) => json!({"status": "ready", "reason": reason}),
            Readiness::NotReady(reason) => {
                all_ready = false;
                json!({"status": "not_ready", "reason": reason})
            }
        };
        checks.insert(name, said);
    }
    let (code, status) = if all_ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    (code, Json(json!({"status": status, "checks": checks}))).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn asked(health: &Health, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = health.routes().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn one_check_that_is_not_ready_makes_the_process_not_ready_and_says_why() {
        let health = Health::default();
        health.register("shards", || Readiness::Ready);
        assert_eq!(asked(&health, "/health/ready").await.0, 200);
        health.register("read-models", || Readiness::ReadyBut("the search waits".into()));
        let (status, body) = asked(&health, "/health/ready").await;
        assert!(status == 200 && health.is_ready() && body.contains("the search waits"), "{body}");
        health.register("prices", || Readiness::NotReady("120 events behind".into()));
        let (status, body) = asked(&health, "/health/ready").await;
        assert_eq!(status, 503);
        assert!(body.contains("120 events behind"));
        assert_eq!(asked(&health, "/health/live").await.0, 200);
    }
}
