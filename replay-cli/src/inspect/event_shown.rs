//! An event as reports show it: everything around it and what it says, with payment tokens hidden.

use chimera_codec::{CodecError, schema_id};
use chimera_domain::aggregate::DomainEvent;
use chimera_domain::recorded::Recorded;
use chimera_export::without_tokens;
use chimera_model::Change;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::search::Hit;

/// One event and its place in the log.
#[derive(Debug, Serialize)]
pub(crate) struct EventShown {
    pub(crate) stream: String,
    pub(crate) partition: u32,
    pub(crate) sequence: u64,
    pub(crate) key: String,
    pub(crate) event_type: String,
    #[serde(flatten)]
    pub(crate) content: Content,
}

/// What the log holds of it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Content {
    Decoded(Box<Decoded>),
    Raw { bytes: usize, schema_id: Option<u32>, problem: String },
}

/// An event that can be decoded.
#[derive(Debug, Serialize)]
pub(crate) struct Decoded {
    pub(crate) version: u64,
    pub(crate) event_id: String,
    pub(crate) occurred_at: String,
    pub(crate) recorded_at: String,
    pub(crate) correlation_id: String,
    pub(crate) causation_id: String,
    pub(crate) command_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<String>,
    pub(crate) producer: String,
    pub(crate) data: Json,
}

impl EventShown {
    pub(super) fn of<E: DomainEvent>(hit: &Hit, decoded: &Result<Recorded<E>, CodecError>) -> Self {
        let content = match decoded {
            Ok(recorded) => Content::Decoded(Box::new(shown(recorded))),
            Err(error) => Content::Raw {
                bytes: hit.value.len(),
                schema_id: schema_id(&hit.value).ok(),
                problem: error.to_string(),
            },
        };
        Self {
            stream: hit.partition.stream.to_string(),
            partition: hit.partition.index,
            sequence: hit.sequence,
            key: hit.key.clone(),
            event_type: hit.event_type.clone(),
            content,
        }
    }

    /// Of an event that could be decoded.
    pub(super) fn of_change(hit: &Hit, change: Change) -> Self {
        match change {
            Change::Product(recorded) => Self::of(hit, &Ok(recorded)),
            Change::Stock(recorded) => Self::of(hit, &Ok(recorded)),
            Change::Order(recorded) => Self::of(hit, &Ok(recorded)),
            Change::Payment(recorded) => Self::of(hit, &Ok(recorded)),
        }
    }
}

fn shown<E: DomainEvent>(recorded: &Recorded<E>) -> Decoded {
    let meta = &recorded.meta;
    Decoded {
        version: meta.aggregate_version,
        event_id: Uuid::from_u128(meta.event_id).to_string(),
        occurred_at: meta.occurred_at.to_string(),
        recorded_at: meta.recorded_at.to_string(),
        correlation_id: meta.correlation_id.to_string(),
        causation_id: meta.causation_id.to_string(),
        command_id: meta.command_id.to_string(),
        actor: meta.actor.as_deref().map(str::to_owned),
        trace_id: meta.trace_id.as_deref().map(str::to_owned),
        producer: meta.producer.to_string(),
        data: without_tokens(serde_json::to_value(&recorded.event).unwrap_or_default()),
    }
}
