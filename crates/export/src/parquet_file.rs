//! A table as a Parquet file: rows are gathered by column and written as a row group when there are enough of them.
//!
//! Amounts are DECIMAL(19, 4), moments TIMESTAMP in microseconds UTC: what DuckDB, Spark and Arrow read without being told.

mod gathered;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use crate::ExportError;
use crate::table::{Column, Kind, Row, Table};
use gathered::{AMOUNT_BYTES, Gathered};

/// The row groups that DuckDB and Spark read best have about this many rows.
const GROUP_ROWS: usize = 122_880;
/// A row group ends early where its texts are long, so that memory stays bounded.
const GROUP_BYTES: usize = 16 * 1024 * 1024;
/// A little more than what is gathered for each value.
const CELL_BYTES: usize = 16;

/// A Parquet file as it is written.
pub(crate) struct ParquetFile {
    path: PathBuf,
    writer: SerializedFileWriter<File>,
    columns: Vec<Gathered>,
    rows: usize,
    bytes: usize,
}

impl ParquetFile {
    pub(crate) fn create(path: &Path, table: &'static Table) -> Result<Self, ExportError> {
        let failed = |error: ParquetError| ExportError::write(path, &error);
        let file = File::create_new(path).map_err(|error| ExportError::write(path, &error))?;
        let schema = parse_message_type(&schema(table)).map_err(failed)?;
        let properties = Arc::new(properties(table).map_err(failed)?);
        let writer = SerializedFileWriter::new(file, Arc::new(schema), properties);
        Ok(Self {
            path: path.to_owned(),
            writer: writer.map_err(failed)?,
            columns: table.columns.iter().map(Gathered::new).collect(),
            rows: 0,
            bytes: 0,
        })
    }

    pub(crate) fn row(&mut self, row: Row) -> Result<(), ExportError> {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            self.bytes += CELL_BYTES + column.push(cell);
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    /// Writes what is left and the footer, and makes it durable.
    pub(crate) fn end(mut self) -> Result<(), ExportError> {
        if self.rows > 0 {
            self.write_group()?;
        }
        let file = self.writer.into_inner();
        let file = file.map_err(|error| ExportError::write(&self.path, &error))?;
        file.sync_all().map_err(|error| ExportError::write(&self.path, &error))
    }

    fn write_group(&mut self) -> Result<(), ExportError> {
        self.try_write_group().map_err(|error| ExportError::write(&self.path, &error))?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    fn try_write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            if let Some(mut chunk) = group.next_column()? {
                column.write(&mut chunk)?;
                chunk.close()?;
            }
        }
        group.close().map(|_| ())
    }
}

fn properties(table: &Table) -> Result<WriterProperties, ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS));
    for column in table.columns.iter().filter(|column| column.kind == Kind::Json) {
        // Hardly two are the same, and the least and the greatest of them say nothing.
        let path = ColumnPath::from(column.name);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_statistics_enabled(path, EnabledStatistics::None);
    }
    Ok(properties.build())
}

/// The table in Parquet's own words.
fn schema(table: &Table) -> String {
    let fields: Vec<String> = table.columns.iter().map(field).collect();
    format!("message {} {{ {} }}", table.name, fields.join(" "))
}

fn field(column: &Column) -> String {
    let name = column.name;
    let repetition = if column.nullable { "optional" } else { "required" };
    let field = match column.kind {
        Kind::Text => format!("binary {name} (STRING);"),
        Kind::Texts => {
            let element = "repeated group list { required binary element (STRING); }";
            format!("group {name} (LIST) {{ {element} }}")
        }
        Kind::Json => format!("binary {name} (JSON);"),
        Kind::Integer => format!("int64 {name};"),
        Kind::Flag => format!("boolean {name};"),
        Kind::Amount => format!("fixed_len_byte_array({AMOUNT_BYTES}) {name} (DECIMAL(19,4));"),
        Kind::Moment => format!("int64 {name} (TIMESTAMP(MICROS,true));"),
        Kind::Date => format!("int32 {name} (DATE);"),
        Kind::DateKey => format!("int32 {name};"),
    };
    format!("{repetition} {field}")
}
