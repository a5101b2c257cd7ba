//! An event as it stands in the log: the event itself, and everything around it that a reader may need.

use std::sync::Arc;

use crate::time::Timestamp;

/// One event with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<E> {
    /// Which partition of the stream it was read from, 0-based.
    pub partition: u32,
    /// The aggregate's id.
    pub key: Arc<str>,
    /// Everything else in the envelope.
    pub meta: Meta,
    /// What happened.
    pub event: E,
}

/// The envelope of an event without key and payload (spec §1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// UUID v7 as 128 bits.
    pub event_id: u128,
    /// When it happened for the business.
    pub occurred_at: Timestamp,
    /// When the log took it.
    pub recorded_at: Timestamp,
    /// Which program and version wrote it.
    pub producer: Arc<str>,
    /// W3C trace id.
    pub trace_id: Option<Arc<str>>,
    /// Ties together everything that follows from one request.
    pub correlation_id: Arc<str>,
    /// The event or command that caused it.
    pub causation_id: Arc<str>,
    /// The command that it answers; what makes a repeated command harmless.
    pub command_id: Arc<str>,
    /// Who asked, as a subject; never a name or an address.
    pub actor: Option<Arc<str>>,
    /// Version of the payload's schema.
    pub schema_version: i32,
    /// 1, 2, 3… without gaps within the aggregate.
    pub aggregate_version: u64,
    /// 1, 2, 3… without gaps within the partition.
    pub sequence: u64,
    /// The term of the writer that appended it.
    pub writer_term: u64,
}
