//! What a projection wants of a store: absolute, guarded by a version, harmless when repeated or late.

use serde::Serialize;

use crate::search::SearchMutation;
use crate::table::{KvSpec, TableSpec};
use crate::value::{Row, RowKey, Value, json};

/// A change of one row, one key-value or one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mutation {
    /// Of a table.
    Row(RowMutation),
    /// Of a key-value space.
    Kv(KvMutation),
    /// Of a search index.
    Search(SearchMutation),
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

impl RowMutation {
    /// Writes a whole row as a fold left it, with its version; cells that the table does not have are left out.
    #[must_use]
    pub fn replacing(table: &'static TableSpec, row: Row) -> Self {
        let mut cells = Vec::with_capacity(table.columns.len());
        for column in table.columns {
            if let Some(value) = row.cells.get(column.name) {
                cells.push((column.name, value.clone()));
            }
        }
        Self::Upsert { table, key: row.key, cells, version: row.version }
    }
}

impl Mutation {
    /// Sets cells of a row.
    pub(crate) fn upsert(
        table: &'static TableSpec,
        key: impl Into<Vec<Value>>,
        version: u64,
        cells: Vec<(&'static str, Value)>,
    ) -> Self {
        Self::Row(RowMutation::Upsert { table, key: RowKey(key.into()), cells, version })
    }

    /// Replaces a part of a key-value.
    pub(crate) fn part(
        space: &'static KvSpec,
        id: &str,
        part: &'static str,
        version: u64,
        content: &impl Serialize,
    ) -> Self {
        let value = Some(json(content));
        Self::Kv(KvMutation { space, id: id.to_owned(), part, value, version })
    }
}
