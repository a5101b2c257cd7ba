//! The tables that the rules are tried on, and short words for their keys and mutations.

use chimera_domain::time::Timestamp;
use chimera_model::{Column, Kind, RowKey, RowMutation, TableSpec, Value};

/// Like most tables: rows of one owner, the newest first.
pub(super) static NEWEST_FIRST: TableSpec = TableSpec {
    name: "newest_first",
    partition_key: &[Column::new("owner", Kind::Text)],
    clustering: &[Column::descending("at", Kind::Timestamp), Column::new("id", Kind::Text)],
    columns: &[
        Column::new("yes", Kind::Boolean),
        Column::new("number", Kind::Integer),
        Column::new("amount", Kind::Decimal),
        Column::new("time", Kind::Timestamp),
        Column::new("text", Kind::Text),
        Column::new("json", Kind::Json),
    ],
};

/// Two columns to a partition, numbers upwards.
pub(super) static UPWARDS: TableSpec = TableSpec {
    name: "upwards",
    partition_key: &[Column::new("kind", Kind::Text), Column::new("year", Kind::Integer)],
    clustering: &[Column::new("number", Kind::Integer)],
    columns: &[Column::new("text", Kind::Text)],
};

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(super) fn newest(owner: &str, at: i64, id: &str) -> RowKey {
    RowKey(vec![text(owner), Value::Timestamp(Timestamp(at)), text(id)])
}

pub(super) fn upwards(kind: &str, year: i64, number: i64) -> RowKey {
    RowKey(vec![text(kind), Value::Integer(year), Value::Integer(number)])
}

pub(super) fn upsert(key: RowKey, version: u64, cells: Vec<(&'static str, Value)>) -> RowMutation {
    let table = if key.0.len() == 3 && matches!(key.0[1], Value::Timestamp(_)) {
        &NEWEST_FIRST
    } else {
        &UPWARDS
    };
    RowMutation::Upsert { table, key, cells, version }
}

pub(super) fn delete(key: RowKey, version: u64) -> RowMutation {
    RowMutation::Delete { table: &NEWEST_FIRST, key, version }
}

/// Writes a text and nothing else.
pub(super) fn write(version: u64, content: &str) -> RowMutation {
    upsert(newest("a", 1, "x"), version, vec![("text", text(content))])
}
