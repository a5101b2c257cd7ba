//! What the log holds, as files for analytics: its events, and the fact and dimension tables made of them.
//!
//! Owns the tables, how their rows are folded from events, and the files: Parquet and JSON Lines. Reads a log that it is given;
//! knows no adapter, no store and no command line. Never writes a payment token, and never leaves half an export under its name.

mod calendar;
mod chosen;
mod destination;
mod dim_date;
mod dim_product;
mod error;
mod events;
mod fact_inventory_adjustments;
mod fact_orders;
mod json_lines;
mod last_records;
mod lives;
mod manifest;
mod parquet_file;
mod part;
mod sink;
mod table;
mod table_file;
mod tokens;

pub use calendar::Days;
pub use chosen::{Chosen, FileFormat};
pub use destination::Destination;
pub use dim_date::write as write_dim_date;
pub use error::ExportError;
pub use manifest::{FileWritten, MANIFEST, Manifest, Position, Undecodable};
pub use part::{Export, Part, PartWritten, Window};
pub use sink::Exported;
pub use tokens::without_tokens;
