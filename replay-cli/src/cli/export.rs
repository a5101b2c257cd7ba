//! The command line of `replay export`.

use std::path::PathBuf;

use chimera_domain::time::Timestamp;
use chimera_export::{Chosen, FileFormat};
use clap::{Args, ValueEnum};

use crate::inspect::Moment;

pub(super) const HELP: &str = "Reads the log alone: no read model has to be there. Tables: events, fact_orders, \
fact_inventory_adjustments, dim_product, dim_date; their columns are in docs/export.md. Times are those at which the log took an \
event. A row of fact_orders or dim_product is there if anything happened to the order or product in that time, and is as it stood \
at its end. Payment tokens are never exported; events hold addresses, tables do not. DIR appears when the export is whole; \
export.json in it says what exactly it holds.

Examples:
  replay export --to /var/exports/shop
  replay export --to /var/exports/orders --only fact_orders --only dim_date --until 2026-11-22 --files jsonl";

/// What to export, and where to.
#[derive(Debug, Clone, Args)]
pub struct ExportOptions {
    /// The directory to make.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// The kind of files.
    #[arg(long, value_enum, default_value_t = Files::Parquet)]
    pub files: Files,
    /// Only this table; may be repeated. All of them unless given.
    #[arg(long, value_enum, value_name = "TABLE")]
    pub only: Vec<Table>,
    /// Only this stream and what is made of it; may be repeated. All of them unless given.
    #[arg(long, value_name = "STREAM")]
    pub stream: Vec<String>,
    /// Only from this time on (2026-11-22T10:00:00Z, or 2026-11-22 for the start of a day).
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Only before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
    /// Only what is not yet in the export of this directory: goes on exactly where it ended.
    #[arg(long, value_name = "DIR", conflicts_with = "from")]
    pub after: Option<PathBuf>,
    /// Show what would be read, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Replace the export that DIR holds, or the remains of one that was interrupted.
    #[arg(long, requires = "yes")]
    pub replace: bool,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
}

/// The kind of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Files {
    /// Parquet, compressed with zstd.
    Parquet,
    /// JSON Lines: an object a line.
    Jsonl,
}

impl From<Files> for FileFormat {
    fn from(files: Files) -> Self {
        match files {
            Files::Parquet => Self::Parquet,
            Files::Jsonl => Self::JsonLines,
        }
    }
}

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Table {
    /// The events themselves, with what they say as JSON.
    Events,
    /// A row an order or credit note.
    FactOrders,
    /// A row a change of what is on hand.
    FactInventoryAdjustments,
    /// A row a version of a product.
    DimProduct,
    /// A row a day.
    DimDate,
}

impl From<Table> for Chosen {
    fn from(table: Table) -> Self {
        match table {
            Table::Events => Self::Events,
            Table::FactOrders => Self::FactOrders,
            Table::FactInventoryAdjustments => Self::FactInventoryAdjustments,
            Table::DimProduct => Self::DimProduct,
            Table::DimDate => Self::DimDate,
        }
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    match text.parse() {
        Ok(Moment::Time(time)) => Ok(time),
        Ok(Moment::Version(_)) | Err(_) => {
            Err("must be a time (2026-11-22T10:00:00Z) or the start of a day (2026-11-22)"
                .to_owned())
        }
    }
}
