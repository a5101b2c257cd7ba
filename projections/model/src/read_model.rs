//! What a read model is: where its events come from, where its rows go, and the function between.

use crate::change::Change;
use crate::mutation::Mutation;
use crate::search::SearchSpec;
use crate::table::{KvSpec, TableSpec};
use crate::value::{Row, RowKey};

/// A read model. Worker, `replay run` and `replay verify` all use this one value.
#[derive(Debug, Clone, Copy)]
pub struct ReadModel {
    /// Unique; what operators call it.
    pub name: &'static str,
    /// The event types it reads, full names; everything else is skipped without decoding.
    pub event_types: &'static [&'static str],
    /// Its tables, if it has rows.
    pub tables: &'static [&'static TableSpec],
    /// Its key-value spaces, if it has any.
    pub spaces: &'static [&'static KvSpec],
    /// Its search indices, if it has any.
    pub indices: &'static [&'static SearchSpec],
    /// From events to changes.
    pub projection: Projection,
}

impl ReadModel {
    /// The streams that its event types belong to, each once.
    #[must_use]
    pub fn streams(&self) -> Vec<&'static str> {
        let mut streams = Vec::new();
        for event_type in self.event_types {
            let stream = stream_of(event_type);
            if !streams.contains(&stream) {
                streams.push(stream);
            }
        }
        streams
    }

    /// Whether it reads events of this type, given as it stands in the header.
    #[must_use]
    pub fn reads(&self, event_type: &[u8]) -> bool {
        self.event_types.iter().any(|wanted| wanted.as_bytes() == event_type)
    }
}

/// `<stream>.<action>.v<n>` without action and version.
fn stream_of(event_type: &'static str) -> &'static str {
    let without_version = event_type.rsplit_once('.').map_or(event_type, |(rest, _)| rest);
    without_version.rsplit_once('.').map_or(without_version, |(stream, _)| stream)
}

/// The function between events and rows.
#[derive(Debug, Clone, Copy)]
pub enum Projection {
    /// Absolute mutations from one event alone.
    Project(fn(&Change) -> Vec<Mutation>),
    /// A total: the row before and the event give the row after. The row's version is the event's `sequence`, so the key must
    /// contain the event's partition: versions of two partitions cannot be compared.
    Fold {
        /// The one table.
        table: &'static TableSpec,
        /// Which row an event adds to; none where it adds to nothing.
        key: fn(&Change) -> Option<RowKey>,
        /// The row after the event; its version is set by the caller.
        fold: fn(Option<&Row>, &Change) -> Option<Row>,
    },
}
