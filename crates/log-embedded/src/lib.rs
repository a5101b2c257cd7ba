//! A durable log for one machine: one directory, fdatasync before every acknowledgement, a checksum on every record.
//!
//! `<dir>/LOCK` keeps a second process out, `<dir>/MANIFEST` remembers the streams, and each partition has a directory
//! `<dir>/<stream>/<index>/` of segments named by their first sequence. A tail that a crash has torn is cut and
//! reported; any other damage is refused by name and place. Knows nothing of what a record means.

mod budget;
mod control;
mod error;
mod frame;
mod log;
mod manifest;
mod published;
mod reader;
mod recovery;
mod segment;
mod shard;
mod tail;

pub use control::{ControlFileError, FileControl};
pub use error::OpenError;
pub use log::{EmbeddedLog, EmbeddedLogOptions, PartitionStatus, TornTail};
