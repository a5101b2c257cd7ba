//! The envelope as it lies in the datum: borrowed on the way out and on the way in.
//!
//! Field names and order are those of the schemas. Never owns what it can borrow.

use std::sync::Arc;

use chimera_domain::aggregate::DomainEvent;
use chimera_domain::recorded::{Meta, Recorded};
use chimera_domain::time::Timestamp;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::CodecError;

/// A UUID that is text in Avro, and is neither parsed nor printed through a string of its own.
#[derive(Debug, Clone, Copy)]
struct UuidText(u128);

impl Serialize for UuidText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut buffer = Uuid::encode_buffer();
        let uuid = Uuid::from_u128(self.0);
        serializer.serialize_str(uuid.hyphenated().encode_lower(&mut buffer))
    }
}

impl<'de> Deserialize<'de> for UuidText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        let uuid = Uuid::try_parse(text).map_err(D::Error::custom)?;
        Ok(Self(uuid.as_u128()))
    }
}

/// An event on its way into bytes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outgoing<'a, E> {
    event_id: UuidText,
    event_type: &'static str,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    producer: &'a str,
    trace_id: Option<&'a str>,
    correlation_id: &'a str,
    causation_id: &'a str,
    command_id: &'a str,
    actor: Option<&'a str>,
    schema_version: i32,
    partition_key: &'a str,
    aggregate_version: u64,
    sequence: u64,
    writer_term: u64,
    payload: &'a E,
}

impl<'a, E: DomainEvent> Outgoing<'a, E> {
    pub(crate) fn new(key: &'a str, meta: &'a Meta, event: &'a E) -> Self {
        Self {
            event_id: UuidText(meta.event_id),
            event_type: event.event_type(),
            occurred_at: meta.occurred_at,
            recorded_at: meta.recorded_at,
            producer: &meta.producer,
            trace_id: meta.trace_id.as_deref(),
            correlation_id: &meta.correlation_id,
            causation_id: &meta.causation_id,
            command_id: &meta.command_id,
            actor: meta.actor.as_deref(),
            schema_version: meta.schema_version,
            partition_key: key,
            aggregate_version: meta.aggregate_version,
            sequence: meta.sequence,
            writer_term: meta.writer_term,
            payload: event,
        }
    }
}

/// An event on its way out of bytes; texts still lie in them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "E: DeserializeOwned"))]
pub(crate) struct Incoming<'a, E> {
    event_id: UuidText,
    event_type: &'a str,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    producer: &'a str,
    trace_id: Option<&'a str>,
    correlation_id: &'a str,
    causation_id: &'a str,
    command_id: &'a str,
    actor: Option<&'a str>,
    schema_version: i32,
    partition_key: &'a str,
    aggregate_version: u64,
    sequence: u64,
    writer_term: u64,
    payload: E,
}

impl<E: DomainEvent> Incoming<'_, E> {
    /// The event as the platform knows it, owned.
    pub(crate) fn into_recorded(self, partition: u32) -> Result<Recorded<E>, CodecError> {
        let actual = self.payload.event_type();
        if actual != self.event_type {
            let declared = self.event_type.to_owned();
            return Err(CodecError::WrongEventType { declared, actual });
        }
        let command_id: Arc<str> = self.command_id.into();
        let causation_id = same_or_new(self.causation_id, &command_id);
        let correlation_id = same_or_new(self.correlation_id, &causation_id);
        let meta = Meta {
            event_id: self.event_id.0,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            producer: self.producer.into(),
            trace_id: self.trace_id.map(Arc::from),
            correlation_id,
            causation_id,
            command_id,
            actor: self.actor.map(Arc::from),
            schema_version: self.schema_version,
            aggregate_version: self.aggregate_version,
            sequence: self.sequence,
            writer_term: self.writer_term,
        };
        Ok(Recorded { partition, key: self.partition_key.into(), meta, event: self.payload })
    }
}

/// The ids of one command are often the same text: then they share it.
fn same_or_new(text: &str, known: &Arc<str>) -> Arc<str> {
    if text == &**known { known.clone() } else { text.into() }
}
