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

/// One cell of a row, null where it has no value.
impl std::ops::Index<&str> for Row {
    type Output = Value;

    fn index(&self, column: &str) -> &Value {
        self.cells.get(column).unwrap_or(&Value::Null)
    }
}

impl Value {
    /// The name of a unit variant as it stands in the log, such as `OUT_OF_STOCK`.
    #[must_use]
    pub fn name(variant: impl Serialize) -> Self {
        match serde_json::to_value(variant) {
            Ok(serde_json::Value::String(name)) => Self::Text(name),
            Ok(_) | Err(_) => Self::Null,
        }
    }

    /// JSON with the keys in the order of the type's fields.
    #[must_use]
    pub fn json(content: &impl Serialize) -> Self {
        Self::Text(json(content))
    }
}

/// What read models store always has a JSON form: structs, texts, numbers and maps by text.
pub(crate) fn json(content: &impl Serialize) -> String {
    serde_json::to_string(content).unwrap_or_default()
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(i64::from(value))
    }
}

/// Versions and sequences: far below 2⁶³.
impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Integer(value.cast_signed())
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<Amount> for Value {
    fn from(value: Amount) -> Self {
        Self::Decimal(value)
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Timestamp(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl<T> From<Option<T>> for Value
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}
