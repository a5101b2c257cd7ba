//! What a table is: columns of a kind each, and rows of one cell a column. Knows no file format.

use std::sync::Arc;

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

/// A table of the export.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// Also the name of its directory.
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [Column],
}

/// A column.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text, or an id.
    Text,
    /// Any number of texts; never null, but maybe none.
    Texts,
    /// A JSON value.
    Json,
    /// A whole number of 64 bits.
    Integer,
    /// Yes or no.
    Flag,
    /// An amount of money, four places.
    Amount,
    /// A point in time, UTC, to the microsecond.
    Moment,
    /// A calendar day.
    Date,
    /// A calendar day as the number YYYYMMDD.
    DateKey,
}

/// What a row holds in one column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(Arc<str>),
    Texts(Vec<String>),
    Json(Json),
    Integer(i64),
    Flag(bool),
    Amount(Amount),
    Moment(Timestamp),
    /// Days since 1970-01-01; of a date and of its key.
    Day(i64),
}

/// One cell for each column, in their order.
pub(crate) type Row = Vec<Cell>;

impl Column {
    pub(crate) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, nullable: false }
    }

    pub(crate) const fn nullable(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, nullable: true }
    }

    /// Whether the cell may stand in this column.
    pub(crate) fn takes(&self, cell: &Cell) -> bool {
        match cell {
            Cell::Null => self.nullable,
            Cell::Text(_) => self.kind == Kind::Text,
            Cell::Texts(_) => self.kind == Kind::Texts,
            Cell::Json(_) => self.kind == Kind::Json,
            Cell::Integer(_) => self.kind == Kind::Integer,
            Cell::Flag(_) => self.kind == Kind::Flag,
            Cell::Amount(_) => self.kind == Kind::Amount,
            Cell::Moment(_) => self.kind == Kind::Moment,
            Cell::Day(_) => matches!(self.kind, Kind::Date | Kind::DateKey),
        }
    }
}

impl Cell {
    /// The day of a moment, in UTC.
    pub(crate) fn day_of(moment: Timestamp) -> Self {
        Self::Day(moment.day())
    }

    /// A word of the log, such as a status: the name that it is stored under.
    pub(crate) fn word(word: &impl Serialize) -> Self {
        match serde_json::to_value(word) {
            Ok(Json::String(name)) => name.into(),
            Ok(_) | Err(_) => Self::Null,
        }
    }

    /// The cell of what may be missing.
    pub(crate) fn maybe<T: Into<Self>>(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&Arc<str>> for Cell {
    fn from(text: &Arc<str>) -> Self {
        Self::Text(Arc::clone(text))
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// Counters; none of them reaches the end of the range.
impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Amount> for Cell {
    fn from(amount: Amount) -> Self {
        Self::Amount(amount)
    }
}

impl From<Timestamp> for Cell {
    fn from(moment: Timestamp) -> Self {
        Self::Moment(moment)
    }
}
