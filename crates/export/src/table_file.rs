//! One file of a table: checks what it is given, counts it, and notes which days it names.

use std::path::{Path, PathBuf};

use crate::calendar::Days;
use crate::json_lines::JsonLines;
use crate::manifest::FileWritten;
use crate::parquet_file::ParquetFile;
use crate::table::{Cell, Kind, Row, Table};
use crate::{ExportError, FileFormat};

/// A file as it is written.
pub(crate) struct TableFile {
    table: &'static Table,
    path: PathBuf,
    /// Under the directory of the export.
    name: String,
    rows: u64,
    days: Days,
    file: Format,
}

enum Format {
    Parquet(ParquetFile),
    JsonLines(JsonLines),
}

impl TableFile {
    /// Creates `<table>/<under>/part-<part>.<format>` in `dir`.
    pub(crate) fn create(
        dir: &Path,
        format: FileFormat,
        table: &'static Table,
        part: &str,
    ) -> Result<Self, ExportError> {
        let name = format!("{}/{part}.{}", table.name, format.extension());
        let path = dir.join(&name);
        if let Some(parent) = path.parent() {
            let created = std::fs::create_dir_all(parent);
            created.map_err(|error| ExportError::write(parent, &error))?;
        }
        let file = match format {
            FileFormat::Parquet => Format::Parquet(ParquetFile::create(&path, table)?),
            FileFormat::JsonLines => Format::JsonLines(JsonLines::create(&path, table)?),
        };
        Ok(Self { table, path, name, rows: 0, days: Days::default(), file })
    }

    pub(crate) fn row(&mut self, row: Row) -> Result<(), ExportError> {
        self.check(&row)?;
        for (column, cell) in self.table.columns.iter().zip(&row) {
            if let (Kind::DateKey, Cell::Day(day)) = (column.kind, cell) {
                self.days.include(*day);
            }
        }
        self.rows += 1;
        match &mut self.file {
            Format::Parquet(file) => file.row(row),
            Format::JsonLines(file) => file.row(&row),
        }
    }

    fn check(&self, row: &[Cell]) -> Result<(), ExportError> {
        let (table, columns) = (self.table.name, self.table.columns);
        if row.len() != columns.len() {
            let problem = format!("{} cells for {} columns", row.len(), columns.len());
            return Err(ExportError::Row { table, problem });
        }
        match columns.iter().zip(row).find(|(column, cell)| !column.takes(cell)) {
            Some((column, _)) => {
                let problem = format!("in {} what does not belong there", column.name);
                Err(ExportError::Row { table, problem })
            }
            None => Ok(()),
        }
    }

    /// Completes the file.
    pub(crate) fn end(self) -> Result<Ended, ExportError> {
        match self.file {
            Format::Parquet(file) => file.end()?,
            Format::JsonLines(file) => file.end()?,
        }
        let size = std::fs::metadata(&self.path);
        let bytes = size.map_err(|error| ExportError::write(&self.path, &error))?.len();
        let written = FileWritten {
            table: self.table.name.to_owned(),
            name: self.name,
            rows: self.rows,
            bytes,
        };
        Ok(Ended { written, days: self.days })
    }
}

/// A file that is complete.
pub(crate) struct Ended {
    pub(crate) written: FileWritten,
    pub(crate) days: Days,
}
