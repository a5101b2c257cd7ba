//! What ties the parts of one request together: `Correlation-Id`, and the W3C `traceparent`.
//!
//! Taken from the request or made; always returned; carried into every command. Never personal data.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use uuid::Uuid;

/// The header that carries the correlation id, both ways.
pub const CORRELATION_ID: &str = "correlation-id";
/// The header of W3C trace context.
pub const TRACEPARENT: &str = "traceparent";

/// What ties a request to all that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correlation {
    /// 1–128 visible ASCII characters.
    pub id: Arc<str>,
    /// W3C `traceparent`.
    pub traceparent: Arc<str>,
}

impl Correlation {
    /// What the headers say, and what is missing made.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let id = text(CORRELATION_ID).filter(|id| id_is_valid(id));
        let trace = text(TRACEPARENT).filter(|trace| traceparent_is_valid(trace));
        Self {
            id: id.map_or_else(|| Uuid::now_v7().to_string().into(), Into::into),
            traceparent: trace.map_or_else(new_traceparent, Into::into),
        }
    }

    /// The trace id of the `traceparent`, 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        self.traceparent.get(3..35).unwrap_or_default()
    }
}

fn id_is_valid(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

/// Version 00: `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zero.
fn traceparent_is_valid(text: &str) -> bool {
    let hex = |part: &str, len: usize| {
        part.len() == len && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let id = |part: &str, len: usize| hex(part, len) && part.bytes().any(|b| b != b'0');
    match text.split('-').collect::<Vec<_>>()[..] {
        ["00", trace, span, flags] => id(trace, 32) && id(span, 16) && hex(flags, 2),
        _ => false,
    }
}

fn new_traceparent() -> Arc<str> {
    let (trace, span) = (Uuid::now_v7().simple(), Uuid::now_v7().as_u64_pair().1);
    format!("00-{trace}-{span:016x}-01").into()
}

impl<S: Sync> FromRequestParts<S> for Correlation {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<Self>().cloned();
        Ok(known.unwrap_or_else(|| Self::of(&parts.headers)))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with(name: &'static str, value: &str) -> Correlation {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        Correlation::of(&headers)
    }

    #[test]
    fn an_id_that_was_sent_is_kept() {
        assert_eq!(&*with(CORRELATION_ID, "req-1").id, "req-1");
    }

    #[test]
    fn an_id_that_is_missing_too_long_or_not_visible_is_made() {
        for id in [Correlation::of(&HeaderMap::new()).id, with(CORRELATION_ID, "a b").id] {
            assert!(Uuid::parse_str(&id).is_ok());
        }
        assert!(Uuid::parse_str(&with(CORRELATION_ID, &"x".repeat(129)).id).is_ok());
    }

    #[test]
    fn a_trace_that_was_sent_goes_on() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let correlation = with(TRACEPARENT, trace);
        assert_eq!(&*correlation.traceparent, trace);
        assert_eq!(correlation.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn a_broken_trace_is_replaced_by_a_new_one() {
        for broken in ["", "00-0-0-0", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"] {
            let trace = with(TRACEPARENT, broken).traceparent;
            assert!(traceparent_is_valid(&trace) && *trace != *broken);
        }
    }
}
