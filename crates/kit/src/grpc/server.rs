//! The gRPC server around the services: one place for what every call goes through.
//!
//! Correlation, callers, deadline, panics, metrics, unknown methods, health and reflection. Knows no method of any service.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;
use futures_util::FutureExt;
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status};
use tonic_health::pb::health_server::HealthServer;

use super::call::{Call, timed_out};
use super::deadline;
use super::health::Readiness;
use super::methods::Methods;
use super::status::name_of;
use crate::auth::{Authenticator, refuse_other_sites};
use crate::codes;
use crate::correlation::{CORRELATION_ID, Correlation};
use crate::health::Health;
use crate::lifecycle::Stopping;
use crate::metric_names::{GRPC_REQUEST_LATENCY_MS, GRPC_REQUESTS_TOTAL};
use crate::problem::Problem;

/// As long as a request over REST may take.
const LONGEST_CALL: Duration = Duration::from_secs(45);
/// A client that does not answer a ping for so long is gone, and what it watches with it.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_PATIENCE: Duration = Duration::from_secs(10);

/// What stands between the outside and the services.
#[derive(Clone)]
pub struct Edge {
    /// How callers are known.
    pub authenticator: Authenticator,
    /// The checks behind health.
    pub health: Health,
    /// Tells streams to end.
    pub stopping: Stopping,
}

/// The whole application: the methods of the services, health and reflection.
///
/// # Errors
/// If the contract's descriptors do not fit together.
pub fn application(services: Routes, edge: Edge) -> Result<Routes, String> {
    let methods = Arc::new(Methods::promised());
    let Edge { health, stopping, .. } = edge.clone();
    let health = Readiness { health, methods: Arc::clone(&methods), stopping };
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(chimera_proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // So that clients can show the details of errors.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
    };
    let newest = reflection().build_v1().map_err(|error| error.to_string())?;
    let older = reflection().build_v1alpha().map_err(|error| error.to_string())?;
    let services =
        services.add_service(HealthServer::new(health)).add_service(newest).add_service(older);
    let edge = Arc::new((edge, methods));
    let around = move |request, next| around(Arc::clone(&edge), request, next);
    let router = services.into_axum_router().layer(middleware::from_fn(around));
    Ok(Routes::from(router).prepare())
}

/// Serves until told to stop, then finishes what is under way.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    application: Routes,
    mut stopping: Stopping,
) -> Result<(), String> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let stop = async move { stopping.wait().await };
    Server::builder()
        .http2_keepalive_interval(Some(PING_EVERY))
        .http2_keepalive_timeout(Some(PING_PATIENCE))
        .add_routes(application)
        .serve_with_incoming_shutdown(incoming, stop)
        .await
        .map_err(|error| error.to_string())
}

/// What every call goes through.
async fn around(edge: Arc<(Edge, Arc<Methods>)>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (edge, methods) = &*edge;
    let correlation = Correlation::of(request.headers());
    let path: Arc<str> = request.uri().path().into();
    let mut response = match let_in(edge, &correlation, &path, request) {
        Ok((request, within)) => answered(request, within, next).await,
        Err(problem) => refused(problem),
    };
    if !path.starts_with("/grpc.") {
        response = in_our_words(response);
    }
    if let Ok(id) = HeaderValue::from_str(&correlation.id) {
        response.headers_mut().insert(HeaderName::from_static(CORRELATION_ID), id);
    }
    count(methods.label(&path), &response, started);
    response
}

/// Gives the request what its handler needs to know of the call, and says how long the call may take.
fn let_in(
    edge: &Edge,
    correlation: &Correlation,
    path: &Arc<str>,
    mut request: Request,
) -> Result<(Request, Duration), Problem> {
    let authority = request.uri().authority().map(Authority::as_str);
    if matches!(edge.authenticator, Authenticator::Open) {
        refuse_other_sites(request.headers(), authority)?;
    }
    let asked = deadline::of(request.headers())?;
    let deadline = asked.map(|asked| tokio::time::Instant::now() + asked);
    let within = asked.map_or(LONGEST_CALL, |asked| asked.min(LONGEST_CALL));
    request.extensions_mut().insert(Call {
        authenticator: edge.authenticator.clone(),
        correlation: correlation.clone(),
        path: Arc::clone(path),
        deadline,
        stopping: edge.stopping.clone(),
    });
    Ok((request, within))
}

/// The answer, whatever happens on the way to it.
async fn answered(request: Request, within: Duration, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(within, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!("a call's handler panicked");
            let detail = "something went wrong here; report the correlation-id if it stays so";
            refused(Problem::new(codes::INTERNAL, detail))
        }
        Err(_) => refused(timed_out()),
    }
}

fn refused(problem: Problem) -> Response {
    Status::from(problem).into_http()
}

/// What tonic refuses by itself before a handler is asked, with a code and in words of ours.
fn in_our_words(response: Response) -> Response {
    let headers = response.headers();
    if headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        return response;
    }
    let problem = match code_in(headers) {
        Code::Unimplemented => {
            let detail = "there is no such method; ask reflection, or see docs/grpc.md";
            Problem::new(codes::ROUTE_NOT_FOUND, detail)
        }
        Code::OutOfRange => {
            let detail = "the message is too large; at most 2 MiB are taken";
            Problem::new(codes::REQUEST_TOO_LARGE, detail)
        }
        Code::Internal => {
            let detail = "the message cannot be read; send what the contract says";
            Problem::new(codes::REQUEST_MALFORMED, detail)
        }
        _ => return response,
    };
    refused(problem)
}

/// The code that an answer begins with; an answer that goes well says so only at its end.
fn code_in(headers: &HeaderMap) -> Code {
    headers.get(Status::GRPC_STATUS).map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}

fn count(method: String, response: &Response, started: Instant) {
    let code = name_of(code_in(response.headers()));
    metrics::counter!(GRPC_REQUESTS_TOTAL, "method" => method.clone(), "code" => code).increment(1);
    let elapsed = started.elapsed().as_secs_f64() * 1_000.0;
    metrics::histogram!(GRPC_REQUEST_LATENCY_MS, "method" => method).record(elapsed);
}

#[cfg(test)]
mod tests;
