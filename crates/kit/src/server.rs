//! The HTTP server around the services: one place for what every request goes through.
//!
//! Correlation, callers, body limit, time limit, panics, metrics, unknown routes. Knows no route of any service.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router, routing};
use futures_util::FutureExt;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use utoipa_axum::router::OpenApiRouter;

use crate::auth::{Authenticator, refuse_other_sites};
use crate::codes;
use crate::correlation::{CORRELATION_ID, Correlation};
use crate::health::Health;
use crate::lifecycle::Stopping;
use crate::metric_names::{HTTP_REQUEST_LATENCY_MS, HTTP_REQUESTS_TOTAL};
use crate::problem::Problem;
use crate::{openapi, telemetry};

/// Longer than anybody may prefer to wait.
const LONGEST_REQUEST: Duration = Duration::from_secs(45);
/// The prefix of everything but documents, health and metrics.
pub const API: &str = "/api/v1";

/// What stands between the outside and the services.
pub struct Edge {
    /// How callers are known.
    pub authenticator: Authenticator,
    /// The checks behind `/health/ready`.
    pub health: Health,
    /// What `/metrics` shows; none where nothing is recorded.
    pub metrics: Option<PrometheusHandle>,
    /// The largest request body, in bytes.
    pub body_bytes: usize,
}

/// The whole application: the routes of the services under [`API`], documents, health and metrics.
pub fn application(services: impl IntoIterator<Item = OpenApiRouter>, edge: Edge) -> Router {
    let mut api = OpenApiRouter::new();
    for service in services {
        api = api.merge(service);
    }
    let (api, document) = OpenApiRouter::new().nest(API, api).split_for_parts();
    let metrics = edge.metrics;
    let open = matches!(edge.authenticator, Authenticator::Open);
    let show = move || async move { metrics.as_ref().map(telemetry::render).unwrap_or_default() };
    api.layer(Extension(edge.authenticator))
        .layer(DefaultBodyLimit::max(edge.body_bytes))
        .merge(openapi::routes(&openapi::finished(document)))
        .merge(edge.health.routes())
        .route("/metrics", routing::get(show))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(middleware::from_fn(move |request, next| own_site(open, request, next)))
        .layer(middleware::from_fn(around))
}

/// Serves until told to stop, then finishes what is under way. Once `leaving`, each answer asks its client to connect anew, so
/// that hardly anybody is left on a connection when this process closes them.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    application: Router,
    leaving: Stopping,
    mut stopping: Stopping,
) -> Result<(), String> {
    let application = application.layer(middleware::from_fn(move |request, next| {
        let is_leaving = leaving.is_stopping();
        parting(is_leaving, request, next)
    }));
    let stop = async move { stopping.wait().await };
    let serving = axum::serve(listener, application).with_graceful_shutdown(stop);
    serving.await.map_err(|error| error.to_string())
}

async fn parting(is_leaving: bool, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if is_leaving {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn not_found() -> Problem {
    Problem::new(codes::ROUTE_NOT_FOUND, "there is nothing at this address; see /docs")
}

async fn method_not_allowed() -> Problem {
    let detail = "this address does not take this method; see the header Allow, or /docs";
    Problem::new(codes::ROUTE_METHOD_NOT_ALLOWED, detail)
}

/// What every request goes through.
async fn around(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let correlation = Correlation::of(request.headers());
    request.extensions_mut().insert(correlation.clone());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "none".to_owned());
    let method = method_label(request.method());
    let response = answered(request, next).await;
    let response = with_instance(response, &correlation);
    count(method, &route, &response, started);
    response
}

/// Keeps other sites out where everybody who asks is staff.
async fn own_site(open: bool, request: Request, next: Next) -> Response {
    let authority = request.uri().authority().map(Authority::as_str);
    if open && let Err(problem) = refuse_other_sites(request.headers(), authority) {
        return problem.into_response();
    }
    next.run(request).await
}

/// The answer, whatever happens on the way to it.
async fn answered(request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(LONGEST_REQUEST, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!("a request handler panicked");
            let detail = "something went wrong here; report the Correlation-Id if it stays so";
            Problem::new(codes::INTERNAL, detail).into_response()
        }
        Err(_) => {
            let detail = "it took too long, and may have been done; repeat it with the same key";
            Problem::new(codes::REQUEST_TIMED_OUT, detail).into_response()
        }
    }
}

/// Says in the answer which request it belongs to.
fn with_instance(mut response: Response, correlation: &Correlation) -> Response {
    let allow = response.headers().get(header::ALLOW).cloned();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.of_request(&correlation.id).into_response();
    }
    let headers = response.headers_mut();
    if let Some(methods) = allow {
        headers.insert(header::ALLOW, methods);
    }
    if let Ok(id) = HeaderValue::from_str(&correlation.id) {
        headers.insert(HeaderName::from_static(CORRELATION_ID), id);
    }
    response
}

/// One of the known methods, so that nobody can invent labels.
fn method_label(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

fn count(method: &'static str, route: &str, response: &Response, started: Instant) {
    let status = response.status().as_u16().to_string();
    let route = route.to_owned();
    metrics::counter!(
        HTTP_REQUESTS_TOTAL, "method" => method, "route" => route.clone(), "status" => status
    )
    .increment(1);
    let elapsed = started.elapsed().as_secs_f64() * 1_000.0;
    metrics::histogram!(HTTP_REQUEST_LATENCY_MS, "method" => method, "route" => route)
        .record(elapsed);
}

#[cfg(test)]
mod tests;
