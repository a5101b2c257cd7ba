//! `Idempotency-Key`: what makes a request that is sent again harmless.
//!
//! Only a hash of the key, with whose it is and for what, reaches the log.

use std::sync::Arc;

use axum::http::HeaderMap;

use crate::codes;
use crate::problem::Problem;

/// The header that carries the key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A client's name for one request: 1–200 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    /// The key that the headers carry, if they do.
    ///
    /// # Errors
    /// `idempotency.key_invalid`.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
        let text = value.to_str().unwrap_or_default();
        if !(1..=200).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            let detail = "the Idempotency-Key must be 1–200 visible ASCII characters";
            return Err(Problem::new(codes::IDEMPOTENCY_KEY_INVALID, detail));
        }
        Ok(Some(Self(text.into())))
    }

    /// The key that the headers must carry.
    ///
    /// # Errors
    /// `idempotency.key_required`, `idempotency.key_invalid`.
    pub fn required(headers: &HeaderMap) -> Result<Self, Problem> {
        Self::of(headers)?.ok_or_else(Self::missing)
    }

    /// The no to a request without one.
    pub(crate) fn missing() -> Problem {
        let detail = "this request needs the header Idempotency-Key, so that repeating it is safe";
        Problem::new(codes::IDEMPOTENCY_KEY_REQUIRED, detail)
    }

    /// The key as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn key(text: &str) -> Result<Option<IdempotencyKey>, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_bytes(text.as_bytes()).unwrap());
        IdempotencyKey::of(&headers).map_err(|problem| problem.code())
    }

    #[test]
    fn a_key_has_1_to_200_visible_characters() {
        assert!(key("k").is_ok_and(|key| key.is_some()));
        assert!(key(&"k".repeat(200)).is_ok());
        for bad in ["", "a b", "schlüssel", &"k".repeat(201)] {
            assert_eq!(key(bad), Err("idempotency.key_invalid"), "{bad}");
        }
    }

    #[test]
    fn a_key_that_is_needed_and_missing_is_refused() {
        let problem = IdempotencyKey::required(&HeaderMap::new()).unwrap_err();
        assert_eq!(problem.code(), "idempotency.key_required");
    }
}
