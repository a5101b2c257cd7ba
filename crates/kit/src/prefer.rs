//! `Prefer: wait=N` (RFC 7240): how long a client is willing to wait for an outcome.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The longest that anybody waits, in seconds.
pub const LONGEST_WAIT: u64 = 30;

/// How long to wait for the outcome; no time where the client did not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wait {
    seconds: Option<u64>,
    /// What is left of the time in which an answer is of use.
    most: Option<Duration>,
}

impl Wait {
    /// What the headers prefer; what is longer than [`LONGEST_WAIT`] becomes that, and nonsense is ignored as the RFC wants.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split([',', ';'])) {
            if let Some(seconds) = preference.trim().strip_prefix("wait=")
                && let Ok(seconds) = seconds.trim_matches('"').parse::<u64>()
            {
                return Self { seconds: Some(seconds.min(LONGEST_WAIT)), most: None };
            }
        }
        Self::default()
    }

    /// The same wait, cut so that nine tenths of `left` are enough for it; the rest is for the answer.
    #[must_use]
    pub fn within(self, left: Option<Duration>) -> Self {
        Self { most: left.map(|left| left.saturating_sub(left / 10)), ..self }
    }

    /// How long to wait; none where nobody asked for it.
    #[must_use]
    pub fn time(self) -> Option<Duration> {
        let asked = self.seconds.map(Duration::from_secs)?;
        Some(self.most.map_or(asked, |most| asked.min(most)))
    }

    /// The header that says that the preference was honoured.
    #[must_use]
    pub fn applied(self) -> Option<(HeaderName, HeaderValue)> {
        let value = HeaderValue::from_str(&format!("wait={}", self.seconds?)).ok()?;
        Some((HeaderName::from_static("preference-applied"), value))
    }
}

impl<S: Sync> FromRequestParts<S> for Wait {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(prefer: &'static str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert("prefer", HeaderValue::from_static(prefer));
        Wait::of(&headers).seconds
    }

    #[test]
    fn a_wait_ends_while_the_answer_is_still_of_use() {
        let wait = Wait { seconds: Some(5), most: None };
        assert_eq!(wait.within(None).time(), Some(Duration::from_secs(5)));
        let short = wait.within(Some(Duration::from_secs(1)));
        assert_eq!(short.time(), Some(Duration::from_millis(900)));
        assert_eq!(Wait::default().within(Some(Duration::from_secs(1))).time(), None);
    }

    #[test]
    fn a_wait_is_at_most_30_seconds() {
        assert_eq!(seconds("wait=5"), Some(5));
        assert_eq!(seconds("respond-async, wait=\"7\""), Some(7));
        assert_eq!(seconds("wait=3600"), Some(30));
    }

    #[test]
    fn a_preference_that_cannot_be_understood_is_ignored() {
        for nonsense in ["wait", "wait=-1", "wait=soon", "return=minimal"] {
            assert_eq!(seconds(nonsense), None, "{nonsense}");
        }
    }
}
