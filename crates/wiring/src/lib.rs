//! From settings to adapters: which log, under which ids its schemas are known, which stores hold the read models.
//!
//! Shared by the two programs, which alone know adapters. Decides nothing: what is opened follows from the settings.

pub mod kafka;
mod open_log;
mod open_stores;
mod schema_home;
pub mod schemas;

pub use open_log::{LogToRead, OpenLog, STREAMS, open_log, open_log_to_read};
pub use open_stores::OpenStores;
pub use schema_home::SchemaHome;
