//! A dead letter with what the log holds of its event: the event itself where it can be read, else what its bytes say.

use chimera_codec::schema_id;
use chimera_domain::time::Timestamp;
use chimera_log::{Partition, RawRecord};
use chimera_model::Change;
use serde_json::Value as Json;

use super::letter::Letter;
use crate::decode::Decoder;

/// A letter and its event.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Where the event stands.
    pub partition: Partition,
    /// Why it waits.
    pub letter: Letter,
    /// What the log holds.
    pub event: ShownEvent,
}

/// What the log holds of an event. May hold personal data: for staff only, never for a log or a metric.
#[derive(Debug, Clone, PartialEq)]
pub enum ShownEvent {
    /// It can be decoded now.
    Decoded {
        /// When the log took it.
        recorded_at: Timestamp,
        /// Its number among the events of its aggregate.
        aggregate_version: u64,
        /// The event.
        content: Json,
    },
    /// It cannot be decoded.
    Raw {
        /// How many bytes it has.
        bytes: usize,
        /// The schema that its frame names, if it is framed at all.
        schema_id: Option<u32>,
        /// Why it cannot be decoded.
        reason: String,
    },
}

impl ShownEvent {
    pub(super) fn of(decoder: &Decoder, partition: &Partition, record: Option<&RawRecord>) -> Self {
        let Some(record) = record else {
            let reason = "the log does not hold it any more".to_owned();
            return Self::Raw { bytes: 0, schema_id: None, reason };
        };
        match decoder.decode(partition, &record.value) {
            Ok(change) => Self::Decoded {
                recorded_at: change.meta().recorded_at,
                aggregate_version: change.meta().aggregate_version,
                content: content(&change),
            },
            Err(error) => Self::Raw {
                bytes: record.value.len(),
                schema_id: schema_id(&record.value).ok(),
                reason: error.to_string(),
            },
        }
    }
}

fn content(change: &Change) -> Json {
    let json = match change {
        Change::Product(recorded) => serde_json::to_value(&recorded.event),
        Change::Stock(recorded) => serde_json::to_value(&recorded.event),
        Change::Order(recorded) => serde_json::to_value(&recorded.event),
        Change::Payment(recorded) => serde_json::to_value(&recorded.event),
    };
    json.unwrap_or(Json::Null)
}
