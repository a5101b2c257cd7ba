//! What a restore point says of itself: every object with its checksum, and all that was true of the log when it began.
//!
//! Written last and never changed. Members may be added without a new format; times are microseconds since 1970.

use std::collections::BTreeMap;

use chimera_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The format that is written, and the only one that is read.
pub(crate) const FORMAT: u32 = 1;

/// One restore point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// 1.
    pub format: u32,
    /// Its name, by the time at which it began.
    pub name: String,
    /// The release that wrote it.
    pub program: String,
    /// Which log it was, for people.
    pub source: String,
    /// When the ends of the partitions were noted.
    pub began: Timestamp,
    /// When everything was in its place.
    pub ended: Timestamp,
    /// The public key that it is signed for; none if it is not signed.
    pub signer: Option<String>,
    /// Every stream.
    pub streams: Vec<StreamKept>,
    /// Every schema that events were written with.
    pub schemas: Vec<SchemaKept>,
    /// The last value of each key of the control topic, in Base64.
    pub control: BTreeMap<String, String>,
    /// Where the read models stood; for information, since they are rebuilt.
    pub models: Vec<ModelKept>,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamKept {
    /// Its name, without a topic prefix.
    pub name: String,
    /// Settings of its topic that are not the broker's own; empty where the log has none.
    pub settings: BTreeMap<String, String>,
    /// Its partitions, by index.
    pub partitions: Vec<PartitionKept>,
}

/// One partition up to the cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionKept {
    /// The last sequence; 0 if there is none.
    pub end: u64,
    /// Who had claimed it last, if the log knows; for information.
    pub owner: Option<OwnerKept>,
    /// Events whose envelope could not be read. They are kept byte by byte like all others.
    pub unreadable: u64,
    /// Its records, without gaps.
    pub segments: Vec<SegmentKept>,
}

/// Who had claimed a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerKept {
    /// Where it took commands.
    pub address: String,
    /// Its term.
    pub term: u64,
}

/// One object with consecutive records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentKept {
    /// Where it lies, from the place on.
    pub object: String,
    /// How large it is.
    pub bytes: u64,
    /// Of these bytes.
    pub sha256: String,
    /// What is in it.
    pub content: Content,
}

/// What is in a segment; stands at its end as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The first sequence.
    pub first: u64,
    /// The last sequence.
    pub last: u64,
    /// Bytes before compression.
    pub raw_bytes: u64,
    /// The earliest moment at which one of its events was recorded.
    pub recorded_from: Timestamp,
    /// The latest.
    pub recorded_to: Timestamp,
    /// How many events could not be read.
    pub unreadable: u64,
    /// Whether it has the size of a segment, so that later restore points go on behind it.
    pub complete: bool,
    /// Checksum of its last record without the schema id; tells whether another log has the same past.
    pub end_mark: String,
    /// The schema of each id in its events; none where nobody knew it.
    pub schemas: BTreeMap<u32, Option<String>>,
}

/// One schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaKept {
    /// Of its text; by it segments name it.
    pub sha256: String,
    /// Where its text lies, from the place on.
    pub object: String,
    /// How large it is.
    pub bytes: u64,
    /// The streams with events of it.
    pub streams: Vec<String>,
    /// The ids under which it was known.
    pub ids: Vec<u32>,
}

/// Where one read model stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelKept {
    /// Its name.
    pub name: String,
    /// Its live generation, if there was one.
    pub live: Option<u32>,
    /// How many events it was behind.
    pub lag: u64,
    /// How far it had applied each partition.
    pub positions: Vec<PositionKept>,
}

/// How far a read model had applied a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionKept {
    /// The stream's name.
    pub stream: String,
    /// The partition's index.
    pub partition: u32,
    /// The last sequence applied.
    pub applied: u64,
}

impl Manifest {
    /// Every partition with the segments it has.
    pub fn partitions(&self) -> impl Iterator<Item = (chimera_log::Partition, &PartitionKept)> {
        self.streams.iter().flat_map(|stream| {
            (0..)
                .zip(&stream.partitions)
                .map(|(index, kept)| (chimera_log::Partition::new(&stream.name, index), kept))
        })
    }

    /// How many events.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.partitions().map(|(_, kept)| kept.end).sum()
    }

    /// Bytes of all its segments, compressed.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.partitions().flat_map(|(_, kept)| &kept.segments).map(|segment| segment.bytes).sum()
    }

    /// Bytes of all its records, as they were.
    #[must_use]
    pub fn raw_bytes(&self) -> u64 {
        let segments = self.partitions().flat_map(|(_, kept)| &kept.segments);
        segments.map(|segment| segment.content.raw_bytes).sum()
    }
}
