//! `replay dlq list`: the aggregates that wait.

use serde::Serialize;

use super::{Desk, asked};
use crate::failure::Failure;

/// An aggregate that waits.
#[derive(Debug, Serialize)]
pub(crate) struct Waiting {
    pub(crate) model: &'static str,
    pub(crate) key: String,
    pub(crate) stream: String,
    pub(crate) partition: u32,
    pub(crate) sequence: u64,
    pub(crate) events: u64,
    pub(crate) event_type: String,
    pub(crate) class: &'static str,
    pub(crate) error: String,
    pub(crate) attempts: u32,
    pub(crate) first_seen: String,
}

pub(super) async fn list(desk: &Desk<'_>, names: &[String]) -> Result<Vec<Waiting>, Failure> {
    let (mut found, letters) = (Vec::new(), desk.letters());
    for (model, view) in desk.live(names).await? {
        for partition in letters.partitions(model).map_err(asked)? {
            for aggregate in letters.aggregates(view, &partition).await.map_err(asked)? {
                let first = aggregate.first;
                found.push(Waiting {
                    model: model.name,
                    key: first.key,
                    stream: partition.stream.to_string(),
                    partition: partition.index,
                    sequence: first.sequence,
                    events: aggregate.events,
                    event_type: first.event_type,
                    class: first.class.name(),
                    error: first.error,
                    attempts: first.attempts,
                    first_seen: first.first_seen.to_string(),
                });
            }
        }
    }
    Ok(found)
}
