//! Restore points: the whole log in compressed objects, each with its checksum, under a manifest that can be signed.
//!
//! Owns their format, writing, reading, checking and restoring, over the port of the log and over any object store. Knows no
//! adapter of a log, no registry and no read model: what it has to know of them is handed in. `docs/backups.md` is its contract.

mod check;
mod cut;
mod digest;
mod error;
mod fetch;
mod key;
mod manifest;
mod part;
mod place;
mod point;
mod preflight;
mod restore;
mod reuse;
mod schemas;
mod segment;
mod segment_writer;
mod target;
mod until;
mod write;

pub use check::{Checker, Fault, Judge, absent, examine};
pub use error::BackupError;
pub use key::{SigningKey, TrustedKey};
pub use manifest::{
    Manifest, ModelKept, PartitionKept, PositionKept, SchemaKept, SegmentKept, StreamKept,
};
pub use part::Work;
pub use place::Place;
pub use point::{Point, Proof, SchemaText};
pub use preflight::{Answer, preflight};
pub use restore::{Restored, Restoring, restore};
pub use schemas::Schemas;
pub use segment::{Ids, Record};
pub use target::Target;
pub use until::{Cut, until};
pub use write::{About, Backed, Options, SEGMENT_BYTES, Source, back_up};

/// Told how far the work is.
pub trait Progress: Send + Sync {
    /// So many events of a partition are to be done.
    fn expect(&self, partition: &chimera_log::Partition, events: u64);

    /// So many more are done.
    fn done(&self, partition: &chimera_log::Partition, events: u64);
}

/// For whoever does not want to know.
impl Progress for () {
    fn expect(&self, _: &chimera_log::Partition, _: u64) {}

    fn done(&self, _: &chimera_log::Partition, _: u64) {}
}
