//! What goes into a log and what comes out: entries to append, raw records read back.
//!
//! A record's value is opaque here; the key and two headers stand beside it so that a reader can route and skip without decoding.

use std::sync::Arc;

use bytes::Bytes;

/// One partition of one stream: the unit of order, of ownership and of fencing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// The stream's name, which on Kafka is the topic.
    pub stream: Arc<str>,
    /// 0-based.
    pub index: u32,
}

impl Partition {
    /// The partition `index` of `stream`.
    #[must_use]
    pub fn new(stream: &str, index: u32) -> Self {
        Self { stream: stream.into(), index }
    }
}

impl std::fmt::Display for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.stream, self.index)
    }
}

/// A stream that must exist, and in how many partitions; the count is fixed once the stream is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    /// The stream's name.
    pub name: Arc<str>,
    /// How many partitions; never changes afterwards, for keys would move.
    pub partitions: u32,
}

/// A record to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The aggregate's id.
    pub key: Arc<str>,
    /// Header `eventType`, so that a reader can skip what it does not want without decoding.
    pub event_type: Arc<str>,
    /// Header `traceparent` (W3C).
    pub traceparent: Option<Arc<str>>,
    /// The framed, encoded event.
    pub value: Vec<u8>,
}

/// A record as it stands in the log. Slices of one shared buffer: cheap to clone, and a clone keeps the buffer alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRecord {
    /// 1, 2, 3… without gaps within the partition.
    pub sequence: u64,
    /// The aggregate's id, UTF-8.
    pub key: Bytes,
    /// Header `eventType`, UTF-8.
    pub event_type: Bytes,
    /// Header `traceparent`, UTF-8; empty where the record has none.
    pub traceparent: Bytes,
    /// The framed, encoded event.
    pub value: Bytes,
}

/// Consecutive records of one partition; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBatch {
    /// In order of their sequence, without gaps.
    pub records: Vec<RawRecord>,
}
