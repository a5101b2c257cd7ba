//! A table as JSON Lines: an object a row, every column in it. Amounts are text, so that no reader makes them floating point.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::ExportError;
use crate::calendar::{date, date_key};
use crate::table::{Cell, Column, Kind, Table};

/// A file of JSON Lines as it is written.
pub(crate) struct JsonLines {
    path: PathBuf,
    columns: &'static [Column],
    file: BufWriter<File>,
}

impl JsonLines {
    pub(crate) fn create(path: &Path, table: &'static Table) -> Result<Self, ExportError> {
        let file = File::create_new(path).map_err(|error| ExportError::write(path, &error))?;
        Ok(Self { path: path.to_owned(), columns: table.columns, file: BufWriter::new(file) })
    }

    pub(crate) fn row(&mut self, row: &[Cell]) -> Result<(), ExportError> {
        self.try_row(row).map_err(|error| ExportError::write(&self.path, &error))
    }

    fn try_row(&mut self, row: &[Cell]) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.file, &Object { columns: self.columns, row })?;
        self.file.write_all(b"\n")
    }

    /// Writes what is left, and makes it durable.
    pub(crate) fn end(self) -> Result<(), ExportError> {
        let file = self.file.into_inner();
        let synced = file.map_err(std::io::IntoInnerError::into_error).and_then(|f| f.sync_all());
        synced.map_err(|error| ExportError::write(&self.path, &error))
    }
}

struct Object<'a> {
    columns: &'static [Column],
    row: &'a [Cell],
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.columns.len()))?;
        for (column, cell) in self.columns.iter().zip(self.row) {
            object.serialize_entry(column.name, &Shown { kind: column.kind, cell })?;
        }
        object.end()
    }
}

struct Shown<'a> {
    kind: Kind,
    cell: &'a Cell,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.cell {
            Cell::Null => serializer.serialize_none(),
            Cell::Text(text) => serializer.serialize_str(text),
            Cell::Texts(texts) => texts.serialize(serializer),
            Cell::Json(json) => json.serialize(serializer),
            Cell::Integer(number) => serializer.serialize_i64(*number),
            Cell::Flag(flag) => serializer.serialize_bool(*flag),
            Cell::Amount(amount) => amount.serialize(serializer),
            Cell::Moment(moment) => serializer.collect_str(moment),
            Cell::Day(day) if self.kind == Kind::DateKey => {
                serializer.serialize_i32(date_key(*day))
            }
            Cell::Day(day) => serializer.collect_str(&date(*day)),
        }
    }
}
