//! What fits a table: known columns, values of their kind, keys of a length and versions of a size that every store takes.
//!
//! The same questions and the same answers for all stores of rows; nothing here knows how a row is stored.

use chimera_model::{Column, Kind, RowKey, RowMutation, TableSpec, Value};

use crate::error::StoreError;
use crate::key;

/// What a mutation is about: its table, its row, its version.
pub(crate) fn target(
    mutation: &RowMutation,
) -> Result<(&'static TableSpec, &RowKey, i64), StoreError> {
    let (RowMutation::Upsert { table, key, version, .. }
    | RowMutation::Delete { table, key, version }) = mutation;
    if !can_be_stored(table, &key.0) {
        let name = table.name;
        return Err(StoreError::Rejected(format!("the partition key of a row of {name} is empty")));
    }
    match i64::try_from(*version) {
        Ok(fitting @ 1..) => Ok((table, key, fitting)),
        _ => Err(StoreError::Rejected(format!(
            "version {version} of a row of {} is not between 1 and {}",
            table.name,
            i64::MAX
        ))),
    }
}

/// The number of a column; cells mostly come in the table's order, which `hint` makes use of.
pub(crate) fn column(table: &TableSpec, name: &str, hint: usize) -> Result<u16, StoreError> {
    let hinted = table.columns.get(hint).is_some_and(|column| column.name == name);
    let found = if hinted {
        Some(hint)
    } else {
        table.columns.iter().position(|column| column.name == name)
    };
    found
        .and_then(|place| u16::try_from(place).ok())
        .ok_or_else(|| StoreError::Rejected(format!("table {} has no column {name}", table.name)))
}

/// Whether a value is of its column's kind.
pub(crate) fn check_kind(
    table: &TableSpec,
    column: &Column,
    value: &Value,
) -> Result<(), StoreError> {
    let fits = matches!(
        (column.kind, value),
        (_, Value::Null)
            | (Kind::Boolean, Value::Boolean(_))
            | (Kind::Integer, Value::Integer(_))
            | (Kind::Decimal, Value::Decimal(_))
            | (Kind::Timestamp, Value::Timestamp(_))
            | (Kind::Text | Kind::Json, Value::Text(_))
    );
    if fits {
        return Ok(());
    }
    let (table, name, kind) = (table.name, column.name, column.kind);
    let given = kind_text(value);
    Err(StoreError::Rejected(format!("column {name} of {table} holds {kind:?}, not {given}")))
}

/// What a value is, without saying it.
fn kind_text(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Boolean(_) => "a boolean",
        Value::Integer(_) => "an integer",
        Value::Decimal(_) => "a decimal",
        Value::Timestamp(_) => "a timestamp",
        Value::Text(_) => "a text",
    }
}

/// Whether rows of this partition key can be in any store: Cassandra has none under an empty text alone.
pub(crate) fn can_be_stored(table: &TableSpec, key: &[Value]) -> bool {
    let [_one] = table.partition_key else { return true };
    !matches!(key.first(), Some(Value::Text(text)) if text.is_empty())
}

/// The bytes of a whole key.
pub(crate) fn key_bytes(table: &TableSpec, row_key: &RowKey) -> Result<Vec<u8>, StoreError> {
    Ok(key_parts(table, row_key)?.0)
}

/// The bytes of a whole key, and how many of them are the partition key's.
pub(crate) fn key_parts(
    table: &TableSpec,
    row_key: &RowKey,
) -> Result<(Vec<u8>, usize), StoreError> {
    encode_key(table, &row_key.0, table.partition_key.len() + table.clustering.len())
}

/// The bytes that all keys of one partition begin with.
pub(crate) fn partition_bytes(table: &TableSpec, values: &[Value]) -> Result<Vec<u8>, StoreError> {
    Ok(encode_key(table, values, table.partition_key.len())?.0)
}

/// Both fjall and Cassandra take keys of up to 65,535 bytes; what one store takes, the other must.
const LONGEST_KEY: usize = 60_000;

fn encode_key(
    table: &TableSpec,
    values: &[Value],
    wanted: usize,
) -> Result<(Vec<u8>, usize), StoreError> {
    if values.len() != wanted {
        let (name, given) = (table.name, values.len());
        return Err(StoreError::Rejected(format!(
            "a key of {name} has {wanted} values here, not {given}"
        )));
    }
    let (mut bytes, mut partition) = (Vec::with_capacity(64), 0);
    let columns = table.partition_key.iter().chain(table.clustering);
    for (place, (column, value)) in columns.zip(values).enumerate() {
        if *value == Value::Null {
            let (table, name) = (table.name, column.name);
            return Err(StoreError::Rejected(format!("{name} in a key of {table} is null")));
        }
        check_kind(table, column, value)?;
        key::encode(&mut bytes, value, column.order);
        if place + 1 == table.partition_key.len() {
            partition = bytes.len();
        }
    }
    if bytes.len() > LONGEST_KEY {
        let (name, length) = (table.name, bytes.len());
        return Err(StoreError::Rejected(format!("a key of {name} takes {length} bytes")));
    }
    Ok((bytes, partition))
}
