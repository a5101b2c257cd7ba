//! Reading one's own writes: `Chimera-Position` out of commands, `after=` into reads.
//!
//! A read waits, bounded, until its read models have applied the position; then it answers or says that it is behind.

use std::time::Duration;

use async_trait::async_trait;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use chimera_engine::Position;

use crate::codes;
use crate::params::pairs;
use crate::problem::Problem;

/// The header that carries a position, both ways.
pub const CHIMERA_POSITION: &str = "chimera-position";
/// How long a read waits for its read models.
pub const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Knows how far the read models are.
#[async_trait]
pub trait Applied: Send + Sync {
    /// Whether the live generation of `model` has applied `position`, waiting at most `longest` for it. True at once for a
    /// model that does not read the position's stream.
    async fn wait_until(&self, model: &'static str, position: &Position, longest: Duration)
    -> bool;
}

/// The position that a read must not be behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After(pub Option<Position>);

impl After {
    /// Waits until all `models` have applied the position.
    ///
    /// # Errors
    /// `read.not_caught_up` if one has not in time.
    pub async fn wait(
        &self,
        applied: &dyn Applied,
        models: &[&'static str],
    ) -> Result<(), Problem> {
        let Some(position) = &self.0 else { return Ok(()) };
        let end = tokio::time::Instant::now() + LONGEST_WAIT;
        for model in models {
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            if !applied.wait_until(model, position, left).await {
                let detail = format!("{model} has not applied {position} yet; try again shortly");
                return Err(Problem::new(codes::READ_NOT_CAUGHT_UP, detail));
            }
        }
        Ok(())
    }
}

/// The position that a text says; `field` names where it stands.
pub(crate) fn position(text: &str, field: &str) -> Result<Position, Problem> {
    text.parse().map_err(|wrong: &str| Problem::new(codes::POSITION_INVALID, wrong).at(field))
}

impl<S: Sync> FromRequestParts<S> for After {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = pairs(parts.uri.query().unwrap_or_default());
        let after = query.into_iter().find(|(name, _)| name == "after").map(|(_, value)| value);
        let header = parts.headers.get(CHIMERA_POSITION);
        let sent = header.map(|value| value.to_str().unwrap_or_default().to_owned());
        match after.or(sent) {
            Some(text) => position(&text, "after").map(|position| Self(Some(position))),
            None => Ok(Self(None)),
        }
    }
}

/// The header that tells a client where its command stands.
#[must_use]
pub fn header_of(position: &Position) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(&position.to_string());
    (
        HeaderName::from_static(CHIMERA_POSITION),
        value.unwrap_or_else(|_| HeaderValue::from_static("")),
    )
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    struct Behind;

    #[async_trait]
    impl Applied for Behind {
        async fn wait_until(&self, _: &'static str, _: &Position, longest: Duration) -> bool {
            longest.is_zero()
        }
    }

    async fn after(uri: &str, header: Option<&str>) -> Result<After, Problem> {
        let mut request = Request::get(uri);
        if let Some(header) = header {
            request = request.header(CHIMERA_POSITION, header);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        After::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn a_position_comes_by_query_or_by_header() {
        let expected = After(Some("s/1/7".parse().unwrap()));
        assert_eq!(after("/x?after=s/1/7", None).await, Ok(expected.clone()));
        assert_eq!(after("/x?after=s%2F1%2F7", None).await, Ok(expected.clone()));
        assert_eq!(after("/x", Some("s/1/7")).await, Ok(expected));
        assert_eq!(after("/x", None).await, Ok(After(None)));
    }

    #[tokio::test]
    async fn a_position_that_is_none_is_refused() {
        for bad in ["/x?after=", "/x?after=7", "/x?after=s/x/7", "/x?after=s/1/-7", "/x?after=/1/7"]
        {
            assert_eq!(after(bad, None).await.unwrap_err().code(), "position.invalid", "{bad}");
        }
    }

    #[tokio::test]
    async fn a_read_model_that_stays_behind_is_said_to_be() {
        let position = After(Some("s/1/7".parse().unwrap()));
        let problem = position.wait(&Behind, &["orders"]).await.unwrap_err();
        assert_eq!(problem.code(), "read.not_caught_up");
        assert!(After(None).wait(&Behind, &["orders"]).await.is_ok());
    }
}
