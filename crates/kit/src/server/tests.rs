//! What every request goes through, tried with small routes.

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::asked::{Asked, Keyed};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body1 {
    #[serde(rename = "n")]
    _n: u32,
}

async fn keyed(Keyed(asked): Keyed<Body1>) -> String {
    asked.caller.subject.to_string()
}

async fn optional(asked: Asked<serde_json::Map<String, Value>>) -> String {
    asked.seed()
}

async fn broken() -> &'static str {
    panic!("the table has a leg")
}

fn service() -> OpenApiRouter {
    OpenApiRouter::new()
        .route("/keyed", routing::post(keyed))
        .route("/optional", routing::post(optional))
        .route("/broken", routing::get(broken))
}

fn app() -> Router {
    let edge = Edge {
        authenticator: Authenticator::Open,
        health: Health::default(),
        metrics: None,
        body_bytes: 2_048,
    };
    application([service()], edge)
}

async fn answer(
    request: axum::http::request::Builder,
    body: &str,
) -> (StatusCode, Response, Value) {
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = app().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    (head.status, Response::from_parts(head, Body::from(bytes)), value)
}

fn post(path: &str) -> axum::http::request::Builder {
    Request::post(path).header("content-type", "application/json")
}

#[tokio::test]
async fn bad_requests_are_answered_with_their_status_and_code() {
    let with_key = |path| post(path).header("idempotency-key", "k");
    let large = format!("{{\"n\":{}1}}", " ".repeat(4_096));
    let table = [
        (Request::get("/api/v1/nowhere"), "", 404, "route.not_found"),
        (Request::get("/nowhere"), "", 404, "route.not_found"),
        (Request::get("/api/v1/keyed"), "", 405, "route.method_not_allowed"),
        (post("/api/v1/keyed"), "{\"n\":1}", 400, "idempotency.key_required"),
        (with_key("/api/v1/keyed"), "{\"n\":", 400, "request.malformed"),
        (with_key("/api/v1/keyed"), "{\"n\":true}", 422, "request.invalid"),
        (with_key("/api/v1/keyed"), &large, 413, "request.too_large"),
        (
            Request::post("/api/v1/keyed").header("idempotency-key", "k"),
            "n=1",
            415,
            "request.unsupported_media_type",
        ),
        (
            post("/api/v1/keyed").header("idempotency-key", "k k"),
            "{\"n\":1}",
            400,
            "idempotency.key_invalid",
        ),
        (Request::get("/api/v1/broken"), "", 500, "internal.error"),
    ];
    for (request, body, status, code) in table {
        let (actual, response, problem) = answer(request, body).await;
        assert_eq!((actual.as_u16(), problem["code"].as_str()), (status, Some(code)), "{problem}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert!(response.headers().contains_key("correlation-id"));
        assert!(problem["instance"].as_str().unwrap().starts_with("urn:chimera:request:"));
    }
}

#[tokio::test]
async fn where_everybody_is_staff_other_sites_are_kept_out() {
    let here = |path| post(path).header("host", "localhost:8080");
    let table = [
        (here("/api/v1/optional").header("origin", "http://localhost:8080"), 200),
        (here("/api/v1/optional"), 200),
        (here("/api/v1/optional").header("origin", "http://evil.example"), 403),
        (post("/api/v1/optional").header("host", "evil.example"), 403),
        (Request::get("/docs/").header("host", "127.0.0.1:8080"), 200),
        (Request::get("/openapi.json").header("host", "evil.example"), 403),
    ];
    for (request, status) in table {
        let (actual, response, problem) = answer(request, "").await;
        assert_eq!(actual.as_u16(), status, "{problem}");
        if status == 403 {
            assert_eq!(problem["code"], "auth.cross_site");
            assert!(response.headers().contains_key("correlation-id"));
        }
    }
}

#[tokio::test]
async fn with_tokens_any_host_may_be_asked() {
    let key = crate::auth::JwtKey::new("a secret of at least thirty-two bytes");
    let edge = Edge {
        authenticator: Authenticator::Jwt(std::sync::Arc::new(key)),
        health: Health::default(),
        metrics: None,
        body_bytes: 2_048,
    };
    let request = Request::get("/openapi.json").header("host", "shop.example");
    let request = request.header("origin", "http://app.example").body(Body::empty()).unwrap();
    let response = application([service()], edge).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_method_that_is_not_taken_is_answered_with_those_that_are() {
    let (_, response, _) = answer(Request::get("/api/v1/keyed"), "").await;
    assert_eq!(response.headers()["allow"], "POST");
}

#[tokio::test]
async fn a_correlation_id_comes_back() {
    let request = post("/api/v1/optional").header("correlation-id", "req-7");
    let (status, response, _) = answer(request, "{}").await;
    assert_eq!(
        (status, &response.headers()["correlation-id"]),
        (StatusCode::OK, &HeaderValue::from_static("req-7"))
    );
}

#[tokio::test]
async fn no_body_counts_as_an_empty_one_and_needs_no_media_type() {
    let (status, _, _) = answer(Request::post("/api/v1/optional"), "").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn the_document_and_the_page_to_try_it_are_served() {
    let (status, _, document) = answer(Request::get("/openapi.json"), "").await;
    assert_eq!((status, &document["info"]["title"]), (StatusCode::OK, &Value::from("Chimera")));
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let (status, _, _) = answer(Request::get("/docs/"), "").await;
    assert_eq!(status, StatusCode::OK);
}
