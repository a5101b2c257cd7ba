//! A row as it is stored: every cell with the version that wrote it, and how new a write must be to be seen at all.
//!
//! Merging is the same in any order and any number of times. Never loses a version, not even of an emptied cell.

use std::collections::BTreeMap;

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use chimera_model::{Row, RowKey, TableSpec, Value};
use serde::{Deserialize, Serialize};

/// A row, borrowing its text from the store or from a mutation.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredRow<'a> {
    /// Writes up to this version are invisible; 0 where nothing was ever deleted.
    deleted: u64,
    /// The newest visible write; the row exists where it is above `deleted`.
    written: u64,
    #[serde(borrow)]
    cells: Vec<StoredCell<'a>>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoredCell<'a> {
    /// Position in the table's columns.
    column: u16,
    version: u64,
    #[serde(borrow)]
    content: Content<'a>,
}

/// A value as stored; the order of the variants is the storage format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Content<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Decimal(i64),
    Timestamp(i64),
    Text(&'a str),
}

impl<'a> Content<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(yes) => Self::Boolean(*yes),
            Value::Integer(number) => Self::Integer(*number),
            Value::Decimal(amount) => Self::Decimal(amount.ten_thousandths()),
            Value::Timestamp(time) => Self::Timestamp(time.0),
            Value::Text(text) => Self::Text(text),
        }
    }

    fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(yes) => Value::Boolean(yes),
            Self::Integer(number) => Value::Integer(number),
            Self::Decimal(amount) => Value::Decimal(Amount::from_ten_thousandths(amount)),
            Self::Timestamp(time) => Value::Timestamp(Timestamp(time)),
            Self::Text(text) => Value::Text(text.to_owned()),
        }
    }
}

impl<'a> StoredRow<'a> {
    /// # Errors
    /// Why the bytes are no row.
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, String> {
        postcard::from_bytes(bytes).map_err(|error| format!("no row: {error}"))
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(self)
    }

    /// Whether a write of this version would be seen.
    pub(super) fn admits(&self, version: u64) -> bool {
        version > self.deleted
    }

    /// Notes a write of an admitted version; says whether that changed anything.
    pub(super) fn write(&mut self, version: u64) -> bool {
        let newer = version > self.written;
        self.written = self.written.max(version);
        newer
    }

    /// Sets a cell of an admitted version unless it has a newer one; says whether that changed anything.
    pub(super) fn set(&mut self, column: u16, version: u64, content: Content<'a>) -> bool {
        // Columns are kept in order, so that equal rows have equal bytes.
        match self.cells.binary_search_by_key(&column, |cell| cell.column) {
            Err(place) => {
                self.cells.insert(place, StoredCell { column, version, content });
                true
            }
            Ok(place) if self.cells[place].version < version => {
                self.cells[place] = StoredCell { column, version, content };
                true
            }
            Ok(_) => false,
        }
    }

    /// Hides writes up to this version; says whether that changed anything.
    pub(super) fn delete(&mut self, version: u64) -> bool {
        if version <= self.deleted {
            return false;
        }
        self.deleted = version;
        self.cells.retain(|cell| cell.version > version);
        if self.written <= version {
            self.written = 0;
        }
        true
    }

    /// The row as readers see it.
    pub(super) fn visible(&self, table: &TableSpec, key: impl FnOnce() -> RowKey) -> Option<Row> {
        if self.written <= self.deleted {
            return None;
        }
        let mut cells = BTreeMap::new();
        for cell in &self.cells {
            let column = table.columns.get(usize::from(cell.column))?;
            if cell.content != Content::Null {
                cells.insert(column.name.to_owned(), cell.content.to_value());
            }
        }
        Some(Row { key: key(), cells, version: self.written })
    }
}
