//! What a projection wants of a store: absolute, guarded by a version, harmless when repeated or late.

use crate::table::{KvSpec, TableSpec};
use crate::value::{RowKey, Value};

/// A change of one row or one key-value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mutation {
    /// Of a table.
    Row(RowMutation),
    /// Of a key-value space.
    Kv(KvMutation),
}

/// A change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowMutation {
    /// Sets these cells, each unless a write of the same or a newer version has set it already.
    Upsert {
        /// Where.
        table: &'static TableSpec,
        /// Which row.
        key: RowKey,
        /// Which cells, by column name.
        cells: Vec<(&'static str, Value)>,
        /// The writer's version: an aggregate version or a sequence.
        version: u64,
    },
    /// Deletes what is older than, or of, this version; a later write with a newer version brings the row back.
    Delete {
        /// Where.
        table: &'static TableSpec,
        /// Which row.
        key: RowKey,
        /// The writer's version.
        version: u64,
    },
}

/// A change of one part of a key-value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvMutation {
    /// Where.
    pub space: &'static KvSpec,
    /// Which, without the prefix.
    pub id: String,
    /// Which part of it; one of the spec's.
    pub part: &'static str,
    /// The part's new content as JSON with keys in a fixed order; none deletes the part.
    pub value: Option<String>,
    /// The writer's version: of the same or an older one nothing is changed.
    pub version: u64,
}
