//! A request that wants something done: who asks, under which key, with which body.
//!
//! Turns HTTP into what the engine wants to know of a command (`grpc` does so with calls); never knows which command it will be.

use std::sync::Arc;

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{StatusCode, header};
use bytes::Bytes;
use chimera_engine::{CommandId, Origin};
use serde::de::DeserializeOwned;

use crate::auth::Caller;
use crate::codes;
use crate::correlation::Correlation;
use crate::idempotency::IdempotencyKey;
use crate::prefer::Wait;
use crate::problem::Problem;

/// A request with a body, and an idempotency key if the client sent one.
#[derive(Debug, Clone)]
pub struct Asked<T> {
    /// Who asks.
    pub caller: Caller,
    /// What the body says; nothing at all counts as `{}`.
    pub body: T,
    /// How long the client is willing to wait for the outcome.
    pub wait: Wait,
    pub(crate) correlation: Correlation,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) what: String,
    pub(crate) bytes: Bytes,
}

/// The same where the key is required: everything that creates or pays.
#[derive(Debug, Clone)]
pub struct Keyed<T>(pub Asked<T>);

impl<T> Asked<T> {
    /// Names the command: the same key, sent again by the same caller to the same address, is the same command.
    #[must_use]
    pub fn command_id(&self) -> CommandId {
        match &self.key {
            Some(key) => CommandId::from_key(&self.scope(), key.as_str(), &self.bytes),
            None => CommandId::unique(),
        }
    }

    /// Whose key it is and what for, with the key itself; what an id of something new may be derived from.
    #[must_use]
    pub fn seed(&self) -> String {
        let key = self.key.as_ref().map_or("", IdempotencyKey::as_str);
        format!("{}\n{key}", self.scope())
    }

    /// Who asks and on account of what, as it goes into the log.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin {
            correlation_id: Arc::clone(&self.correlation.id),
            causation_id: Arc::clone(&self.correlation.id),
            traceparent: Some(Arc::clone(&self.correlation.traceparent)),
            actor: Some(Arc::clone(&self.caller.subject)),
            occurred_at: None,
        }
    }

    /// The body, and the rest of the request.
    #[must_use]
    pub fn split(self) -> (T, Asked<()>) {
        let Self { caller, body, wait, correlation, key, what, bytes } = self;
        (body, Asked { caller, body: (), wait, correlation, key, what, bytes })
    }

    fn scope(&self) -> String {
        format!("{}\n{}", self.caller.subject, self.what)
    }
}

impl Asked<()> {
    /// The same request with a body.
    #[must_use]
    pub fn with<T>(self, body: T) -> Asked<T> {
        let Self { caller, body: (), wait, correlation, key, what, bytes } = self;
        Asked { caller, body, wait, correlation, key, what, bytes }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, state).await?;
        let Ok(correlation) = Correlation::from_request_parts(&mut parts, state).await;
        let key = IdempotencyKey::of(&parts.headers)?;
        let what = format!("{} {}", parts.method, parts.uri.path());
        let wait = Wait::of(&parts.headers);
        let json = is_json(parts.headers.get(header::CONTENT_TYPE));
        let request = Request::from_parts(parts, body);
        let bytes = Bytes::from_request(request, state).await.map_err(|error| unread(&error))?;
        if !bytes.is_empty() && !json {
            let detail = "send the body as JSON, with the header Content-Type: application/json";
            return Err(Problem::new(codes::REQUEST_UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let body = parse(if bytes.is_empty() { b"{}" } else { &bytes })?;
        Ok(Self { caller, body, wait, correlation, key, what, bytes })
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Keyed<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let key = IdempotencyKey::required(request.headers());
        if let Err(problem) = key {
            let (mut parts, _) = request.into_parts();
            Caller::from_request_parts(&mut parts, state).await?;
            return Err(problem);
        }
        Asked::from_request(request, state).await.map(Self)
    }
}

fn is_json(content_type: Option<&axum::http::HeaderValue>) -> bool {
    let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

fn unread(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = "the request body is too large; at most 2 MiB are taken";
        return Problem::new(codes::REQUEST_TOO_LARGE, detail);
    }
    Problem::new(codes::REQUEST_MALFORMED, "the request body ended before it was complete")
}

/// Reads a body; what is no JSON is malformed, what is JSON of another shape is invalid.
///
/// # Errors
/// `request.malformed` or `request.invalid`, with the field.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let problem = unfit(error.inner());
        // Where reading broke off before a name was known, the path is a question mark or the whole.
        if matches!(path.as_str(), "." | "?") { problem } else { problem.at(path) }
    })?;
    json.end().map_err(|error| unfit(&error))?;
    Ok(value)
}

fn unfit(error: &serde_json::Error) -> Problem {
    let code = if error.is_data() { codes::REQUEST_INVALID } else { codes::REQUEST_MALFORMED };
    Problem::new(code, error.to_string())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        quantity: u32,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        lines: Vec<Line>,
    }

    #[test]
    fn bad_bodies_are_told_apart_and_name_the_field() {
        let table = [
            ("", "request.malformed", None),
            ("{\"lines\":[{\"quantity\":1}]", "request.malformed", None),
            ("{\"lines\":[{\"quantity\":}]}", "request.malformed", Some("lines[0].quantity")),
            ("{\"lines\":[]} x", "request.malformed", None),
            ("{}", "request.invalid", None),
            ("{\"lines\":[{\"quantity\":\"one\"}]}", "request.invalid", Some("lines[0].quantity")),
            ("{\"lines\":[{\"quantity\":-1}]}", "request.invalid", Some("lines[0].quantity")),
            ("{\"lines\":[{\"quantity\":1,\"x\":2}]}", "request.invalid", Some("lines[0].x")),
            ("{\"lines\":[],\"x\":2}", "request.invalid", Some("x")),
        ];
        for (body, code, field) in table {
            let problem = parse::<Order>(body.as_bytes()).unwrap_err();
            assert_eq!((problem.code(), problem.field()), (code, field), "{body}");
        }
    }

    #[test]
    fn a_body_of_the_right_shape_is_read() {
        let order = parse::<Order>(b"{\"lines\":[{\"quantity\":2}]}");
        assert_eq!(order, Ok(Order { lines: vec![Line { quantity: 2 }] }));
    }
}
