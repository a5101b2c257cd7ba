//! The names of things: validated where they enter, trusted afterwards, cheap to clone.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be 1–64 characters of {allowed}")]
pub struct InvalidId {
    what: &'static str,
    allowed: &'static str,
}

fn check(
    text: &str,
    what: &'static str,
    punctuation: &str,
    allowed: &'static str,
) -> Result<Arc<str>, InvalidId> {
    let fits = !text.is_empty() && text.len() <= 64;
    let known = |c: char| c.is_ascii_alphanumeric() || punctuation.contains(c);
    if fits && text.chars().all(known) {
        return Ok(text.into());
    }
    Err(InvalidId { what, allowed })
}

/// Straight into the shared text; the way of serde itself leads through a string of its own.
fn shared<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    struct Shared;
    impl serde::de::Visitor<'_> for Shared {
        type Value = Arc<str>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an id")
        }
        fn visit_str<E>(self, text: &str) -> Result<Arc<str>, E> {
            Ok(text.into())
        }
    }
    deserializer.deserialize_str(Shared)
}

/// The merchant's SKU: case-sensitive, 1–64 of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductId(#[serde(deserialize_with = "shared")] Arc<str>);

/// An order, or a credit note: 1–64 of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(#[serde(deserialize_with = "shared")] Arc<str>);

/// Who buys: 1–64 of `A-Z a-z 0-9 . _ : @ -`; guests are `guest:…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(#[serde(deserialize_with = "shared")] Arc<str>);

impl TryFrom<&str> for ProductId {
    type Error = InvalidId;
    fn try_from(text: &str) -> Result<Self, InvalidId> {
        check(text, "a product id", "._-", "A-Z a-z 0-9 . _ -").map(Self)
    }
}

impl TryFrom<&str> for OrderId {
    type Error = InvalidId;
    fn try_from(text: &str) -> Result<Self, InvalidId> {
        check(text, "an order id", "._-", "A-Z a-z 0-9 . _ -").map(Self)
    }
}

impl TryFrom<&str> for CustomerId {
    type Error = InvalidId;
    fn try_from(text: &str) -> Result<Self, InvalidId> {
        check(text, "a customer id", "._:@-", "A-Z a-z 0-9 . _ : @ -").map(Self)
    }
}

impl ProductId {
    /// The id as text, for a log key.
    #[must_use]
    pub fn as_key(&self) -> &Arc<str> {
        &self.0
    }
}

impl OrderId {
    /// The id as text, for a log key.
    #[must_use]
    pub fn as_key(&self) -> &Arc<str> {
        &self.0
    }
}

impl CustomerId {
    /// The id as text, for a log key.
    #[must_use]
    pub fn as_key(&self) -> &Arc<str> {
        &self.0
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_matters() {
        assert_ne!(ProductId::try_from("85123A").unwrap(), ProductId::try_from("85123a").unwrap());
    }

    #[test]
    fn what_is_empty_too_long_or_strange_is_refused() {
        for text in ["", "BANK CHARGES", "a/b", "é", &"x".repeat(65)] {
            assert!(ProductId::try_from(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_guest_is_a_customer() {
        assert_eq!(CustomerId::try_from("guest:536365").unwrap().to_string(), "guest:536365");
    }
}
