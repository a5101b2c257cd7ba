//! A command on its way to its aggregate, and what comes back.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chimera_domain::aggregate::{Aggregate, Refusal};
use chimera_domain::time::Timestamp;
use chimera_log::Partition;
use xxhash_rust::xxh3::xxh3_128;

/// A command for one aggregate.
#[derive(Debug, Clone)]
pub struct Request<A: Aggregate> {
    /// The aggregate's id.
    pub key: Arc<str>,
    /// What is asked of it.
    pub command: A::Command,
    /// What makes the same command, sent again, harmless.
    pub id: CommandId,
    /// Who asks, and on account of what.
    pub origin: Origin,
}

/// Names a command for ever. Kept in the log with every event that it led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandId {
    text: Arc<str>,
    fingerprint: Option<u64>,
}

impl CommandId {
    /// The id of a command that derives from a cause, such as `<event id>:confirm`. A `#` is replaced by `_`.
    #[must_use]
    pub fn derived(text: &str) -> Self {
        Self { text: text.replace('#', "_").into(), fingerprint: None }
    }

    /// The id of a client's command: `scope` says whose key it is and for what, `body` what was asked.
    /// Only hashes reach the log, so a key may hold anything.
    #[must_use]
    pub fn from_key(scope: &str, key: &str, body: &[u8]) -> Self {
        let text = format!("key:{:032x}", xxh3_128(format!("{scope}\n{key}").as_bytes()));
        let fingerprint = xxhash_rust::xxh3::xxh3_64(body);
        Self { text: text.into(), fingerprint: Some(fingerprint) }
    }

    /// A command that nobody will send again.
    #[must_use]
    pub fn unique() -> Self {
        Self { text: uuid::Uuid::new_v4().to_string().into(), fingerprint: None }
    }

    /// As it stands in the envelope: the id, and after `#` the fingerprint of the body if there is one.
    #[must_use]
    pub fn to_log(&self) -> Arc<str> {
        match self.fingerprint {
            Some(fingerprint) => format!("{}#{fingerprint:016x}", self.text).into(),
            None => Arc::clone(&self.text),
        }
    }

    /// Reads what [`CommandId::to_log`] wrote.
    #[must_use]
    pub fn from_log(text: &str) -> Self {
        if let Some((id, hash)) = text.rsplit_once('#')
            && let Ok(fingerprint) = u64::from_str_radix(hash, 16)
        {
            return Self { text: id.into(), fingerprint: Some(fingerprint) };
        }
        Self { text: text.into(), fingerprint: None }
    }

    /// What the command is looked up by.
    #[must_use]
    pub fn hash(&self) -> u128 {
        xxh3_128(self.text.as_bytes())
    }

    /// What the same id must come with again; 0 where the body doesn't matter.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint.unwrap_or(0)
    }
}

/// Who asks, and on account of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Ties together everything that follows from one request.
    pub correlation_id: Arc<str>,
    /// The event or request that caused the command.
    pub causation_id: Arc<str>,
    /// W3C `traceparent`.
    pub traceparent: Option<Arc<str>>,
    /// Subject of the caller.
    pub actor: Option<Arc<str>>,
    /// When it happened for the business; none is now.
    pub occurred_at: Option<Timestamp>,
}

/// A place in the log: what `Chimera-Position` says and `after=` takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position {
    /// Which partition of which stream.
    pub partition: Partition,
    /// Up to and with this sequence.
    pub sequence: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.sequence)
    }
}

impl FromStr for Position {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not a position of the form <stream>/<partition>/<sequence>";
        let mut parts = text.rsplitn(3, '/');
        let sequence = parts.next().and_then(|part| part.parse().ok()).ok_or(WRONG)?;
        let index = parts.next().and_then(|part| part.parse().ok()).ok_or(WRONG)?;
        let stream = parts.next().filter(|part| !part.is_empty()).ok_or(WRONG)?;
        Ok(Self { partition: Partition::new(stream, index), sequence })
    }
}

/// Proof that a command was honoured, durably.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt<A: Aggregate> {
    /// Where its last event stands; for a repeated command, where it stood the first time; for one that changed nothing,
    /// the end of the partition.
    pub position: Position,
    /// The aggregate's version after it.
    pub version: u64,
    /// What happened now; empty where it was honoured before.
    pub events: Vec<A::Event>,
}

/// An aggregate as it stands, durably.
#[derive(Debug, Clone, PartialEq)]
pub struct Current<A: Aggregate> {
    /// Its state.
    pub state: Arc<A>,
    /// How many events made it; 0 where there is none of this id.
    pub version: u64,
    /// The end of its partition when it was read.
    pub position: Position,
}

/// Why a command was not honoured.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure<R: Refusal> {
    /// The business says no.
    #[error(transparent)]
    Refused(R),
    /// The idempotency key was used with another body.
    #[error("this idempotency key was used with another request; use a new key for a new request")]
    KeyReused,
    /// Too much is queued; try again shortly.
    #[error("the partition has too many commands queued; try again shortly")]
    Saturated,
    /// Nothing was written; the same command may be sent again.
    #[error("the log cannot take the command now: {0}")]
    Unavailable(String),
    /// It could not be found out whether the command took effect; sending it again with the same id is safe.
    #[error("it is not known yet whether the command took effect; send it again with the same key")]
    Indeterminate,
    /// Another process owns the partition, or this one is stopping.
    #[error("this process does not own partition {0} now")]
    NotOwner(Partition),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_text() {
        let position =
            Position { partition: Partition::new("ecommerce.order.order", 3), sequence: 17 };
        assert_eq!(position.to_string(), "ecommerce.order.order/3/17");
        assert_eq!("ecommerce.order.order/3/17".parse(), Ok(position));
        for wrong in ["", "a/1", "/1/2", "a/b/2", "a/1/-2"] {
            assert!(wrong.parse::<Position>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_command_id_survives_the_log() {
        for id in [
            CommandId::derived("018f:confirm"),
            CommandId::from_key("orders", "my key #1", b"{}"),
            CommandId::unique(),
        ] {
            assert_eq!(CommandId::from_log(&id.to_log()), id);
        }
    }

    #[test]
    fn the_same_key_with_another_body_has_the_same_hash_and_another_fingerprint() {
        let (one, two) = (CommandId::from_key("s", "k", b"1"), CommandId::from_key("s", "k", b"2"));
        assert_eq!(one.hash(), two.hash());
        assert_ne!(one.fingerprint(), two.fingerprint());
    }
}
