//! The values of cells, keys and rows, as every store can hold them.

use std::collections::BTreeMap;

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Value {
    /// No value; also how a cell is emptied.
    Null,
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// An exact amount.
    Decimal(Amount),
    /// A point in time.
    Timestamp(Timestamp),
    /// Text.
    Text(String),
}

/// Identifies a row of a table: the values of its partition key, then those of its clustering columns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RowKey(pub Vec<Value>);

/// A row as it is read: its key and its cells by column name; a cell never written is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Which row.
    pub key: RowKey,
    /// The cells that have a value.
    pub cells: BTreeMap<String, Value>,
    /// The highest version that wrote a cell of it.
    pub version: u64,
}
