//! `replay dlq show`: every event of an aggregate that waits, as far as it can be decoded.

use chimera_worker::ShownEvent;
use serde::Serialize;

use super::{Desk, asked};
use crate::cli::OneAggregate;
use crate::failure::Failure;

/// More of them are not shown.
const MOST: usize = 1_000;

/// One event that waits.
#[derive(Debug, Serialize)]
pub(crate) struct Letter {
    pub(crate) stream: String,
    pub(crate) partition: u32,
    pub(crate) sequence: u64,
    pub(crate) event_type: String,
    pub(crate) class: &'static str,
    pub(crate) error: String,
    pub(crate) attempts: u32,
    pub(crate) first_seen: String,
    pub(crate) last_tried: Option<String>,
    pub(crate) event: Content,
}

/// What the log holds of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    Decoded(serde_json::Value),
    Raw { bytes: usize, schema_id: Option<u32> },
}

pub(super) async fn show(desk: &Desk<'_>, of: &OneAggregate) -> Result<Vec<Letter>, Failure> {
    let (model, view) = desk.one(&of.model).await?;
    let shown = desk.letters().show(model, view, &of.id, MOST).await.map_err(asked)?;
    let mut letters = Vec::new();
    for one in shown {
        let event = match one.event {
            ShownEvent::Decoded { content, .. } => Content::Decoded(content),
            ShownEvent::Raw { bytes, schema_id, .. } => Content::Raw { bytes, schema_id },
        };
        letters.push(Letter {
            stream: one.partition.stream.to_string(),
            partition: one.partition.index,
            sequence: one.letter.sequence,
            event_type: one.letter.event_type,
            class: one.letter.class.name(),
            error: one.letter.error,
            attempts: one.letter.attempts,
            first_seen: one.letter.first_seen.to_string(),
            last_tried: one.letter.last_tried.map(|time| time.to_string()),
            event,
        });
    }
    Ok(letters)
}
