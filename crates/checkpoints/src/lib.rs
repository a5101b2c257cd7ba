//! Checkpoints of shards and processes in an embedded store.
//!
//! Owns the layout on disk. A cache: every value carries a checksum, and what cannot be trusted is said to be damaged, so that the
//! shard rebuilds it from the log. Never a truth.

mod ingest;
mod layout;
mod positions;
mod store;

pub use store::EmbeddedCheckpoints;
