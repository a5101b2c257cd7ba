//! The bytes of a segment: records one after the other, compressed, and behind them what is in it.
//!
//! ```text
//! zstd frame        "CHIMSEG1", then for each record: lengths of key, event type, traceparent, value (4 bytes each, little
//!                   endian) | key | event type | traceparent | value
//! skippable frame   the description, JSON | its length, 4 bytes little endian
//! ```
//! `zstd -d` reads it. Touches no store; checksums over the whole are its callers'.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use bytes::Bytes;
use chimera_codec::with_schema_id;
use chimera_log::{Entry, Partition, RawRecord};
use ring::digest::{Context, SHA256};

use crate::digest::hex;
use crate::error::BackupError;
use crate::manifest::Content;

pub(crate) const MAGIC: [u8; 8] = *b"CHIMSEG1";
/// Of a frame that every decoder of zstd passes over.
pub(crate) const SKIPPABLE: u32 = 0x184D_2A50;
/// Lengths before each record.
const LENGTHS: usize = 16;
/// Larger than any record that a log takes.
const LARGEST: usize = 256 * 1024 * 1024;
/// More than any description has.
pub(crate) const TRAILER: u64 = 64 * 1024;
/// How much is decompressed ahead.
const AHEAD: usize = 256 * 1024;

/// For ids of schemas in a segment, those elsewhere.
pub type Ids = BTreeMap<u32, u32>;

/// A record in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its sequence.
    pub sequence: u64,
    /// The aggregate's id.
    pub key: &'a [u8],
    /// Header `eventType`.
    pub event_type: &'a [u8],
    /// Header `traceparent`; empty if there is none.
    pub traceparent: &'a [u8],
    /// The framed event.
    pub value: &'a [u8],
}

impl<'a> Record<'a> {
    /// The same of a log's record.
    #[must_use]
    pub fn of(record: &'a RawRecord) -> Self {
        let RawRecord { sequence, key, event_type, traceparent, value } = record;
        Self { sequence: *sequence, key, event_type, traceparent, value }
    }

    /// As a log gives records, its schema under the id that `ids` has for its own.
    #[must_use]
    pub fn to_raw(&self, ids: &Ids) -> RawRecord {
        RawRecord {
            sequence: self.sequence,
            key: Bytes::copy_from_slice(self.key),
            event_type: Bytes::copy_from_slice(self.event_type),
            traceparent: Bytes::copy_from_slice(self.traceparent),
            value: self.value_under(ids).into(),
        }
    }

    /// As a log takes records, its schema under the id that `ids` has for its own; none if its key or a header is no text.
    #[must_use]
    pub fn to_entry(&self, ids: &Ids) -> Option<Entry> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        let traceparent = text(self.traceparent)?;
        Some(Entry {
            key: text(self.key)?.into(),
            event_type: text(self.event_type)?.into(),
            traceparent: (!traceparent.is_empty()).then(|| traceparent.into()),
            value: self.value_under(ids),
        })
    }

    /// The framed event under another id; under none that there is, where `ids` does not know its own.
    fn value_under(&self, ids: &Ids) -> Vec<u8> {
        match self.schema_id() {
            Some(id) => {
                with_schema_id(self.value.to_vec(), ids.get(&id).copied().unwrap_or(u32::MAX))
            }
            None => self.value.to_vec(),
        }
    }

    /// The id of the schema that its event names; none if it is not framed.
    pub(crate) fn schema_id(&self) -> Option<u32> {
        chimera_codec::schema_id(self.value).ok()
    }

    /// A checksum that is the same wherever the record lies, under whichever id its schema is known.
    pub(crate) fn mark(&self) -> String {
        let framed = self.schema_id().is_some();
        let value = if framed { self.value.get(5..).unwrap_or_default() } else { self.value };
        let mut context = Context::new(&SHA256);
        context.update(&self.sequence.to_le_bytes());
        for part in [self.key, self.event_type, self.traceparent, value] {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part);
        }
        hex(context.finish().as_ref().get(..16).unwrap_or_default())
    }

    /// Appends its bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for part in [self.key, self.event_type, self.traceparent, self.value] {
            out.extend_from_slice(&length(part.len()).to_le_bytes());
        }
        for part in [self.key, self.event_type, self.traceparent, self.value] {
            out.extend_from_slice(part);
        }
    }
}

/// Gives every record of a segment, in order; ends early with the error that `each` gives.
pub(crate) fn records(
    object: &str,
    bytes: &[u8],
    content: &Content,
    mut each: impl FnMut(Record<'_>) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let broken = |error: std::io::Error| BackupError::damaged(object, error.to_string());
    let decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(broken)?;
    let mut reader = BufReader::with_capacity(AHEAD, decoder);
    let mut magic = [0; 8];
    reader.read_exact(&mut magic).map_err(broken)?;
    if magic != MAGIC {
        return Err(BackupError::damaged(object, "it does not begin as a segment does"));
    }
    let mut parts = Vec::new();
    for sequence in content.first..=content.last {
        let lengths = next(&mut reader, &mut parts, object)?;
        each(record(sequence, lengths, &parts))?;
    }
    if reader.fill_buf().map_err(broken)?.is_empty() {
        return Ok(());
    }
    Err(BackupError::damaged(object, "there are more records in it than it says"))
}

/// Reads the next record's parts, one after the other, and gives their lengths.
fn next(
    reader: &mut impl Read,
    parts: &mut Vec<u8>,
    object: &str,
) -> Result<[usize; 4], BackupError> {
    let broken = |error: std::io::Error| BackupError::damaged(object, error.to_string());
    let mut head = [0; LENGTHS];
    reader.read_exact(&mut head).map_err(broken)?;
    let lengths = lengths(head);
    let whole = lengths.iter().try_fold(0_usize, |sum, length| sum.checked_add(*length));
    match whole {
        Some(whole) if whole <= LARGEST => parts.resize(whole, 0),
        _ => return Err(BackupError::damaged(object, "a record is larger than records can be")),
    }
    reader.read_exact(parts).map_err(broken)?;
    Ok(lengths)
}

fn lengths(head: [u8; LENGTHS]) -> [usize; 4] {
    let mut lengths = [0; 4];
    for (length, bytes) in lengths.iter_mut().zip(head.chunks_exact(4)) {
        let four = bytes.try_into().unwrap_or_default();
        *length = usize::try_from(u32::from_le_bytes(four)).unwrap_or(usize::MAX);
    }
    lengths
}

/// A record from the bytes that [`Record::write`] made.
pub(crate) fn written(sequence: u64, bytes: &[u8]) -> Record<'_> {
    let (head, parts) = bytes.split_first_chunk::<LENGTHS>().unwrap_or((&[0; LENGTHS], &[]));
    record(sequence, lengths(*head), parts)
}

fn record(sequence: u64, lengths: [usize; 4], parts: &[u8]) -> Record<'_> {
    let [key, event_type, traceparent, _] = lengths;
    let (key, rest) = parts.split_at_checked(key).unwrap_or_default();
    let (event_type, rest) = rest.split_at_checked(event_type).unwrap_or_default();
    let (traceparent, value) = rest.split_at_checked(traceparent).unwrap_or_default();
    Record { sequence, key, event_type, traceparent, value }
}

/// What stands at the end of a segment, from its last bytes; none if nothing does.
pub(crate) fn description(tail: &[u8]) -> Option<Content> {
    let (before, length) = tail.split_last_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let begin = before.len().checked_sub(length)?;
    let (head, json) = before.split_at_checked(begin)?;
    let (head, size) = head.split_last_chunk::<4>()?;
    let (_, magic) = head.split_last_chunk::<4>()?;
    let whole = u32::from_le_bytes(*magic) == SKIPPABLE
        && usize::try_from(u32::from_le_bytes(*size)).ok()? == length + 4;
    if whole { serde_json::from_slice(json).ok() } else { None }
}

/// The description as it stands at the end of a segment.
pub(crate) fn trailer(content: &Content) -> Result<Vec<u8>, BackupError> {
    let json = serde_json::to_vec(content);
    let json = json.map_err(|error| BackupError::Broken(error.to_string()))?;
    let mut out = SKIPPABLE.to_le_bytes().to_vec();
    out.extend_from_slice(&length(json.len() + 4).to_le_bytes());
    out.extend_from_slice(&json);
    out.extend_from_slice(&length(json.len()).to_le_bytes());
    Ok(out)
}

/// Where the segments of a partition lie.
pub(crate) fn directory(partition: &Partition) -> String {
    format!("segments/{}/{}", partition.stream, partition.index)
}

/// Where a segment lies: its name says what is in it, so that equal segments are one object.
pub(crate) fn object(partition: &Partition, (first, last): (u64, u64), sha256: &str) -> String {
    format!("{}/{first:012}-{last:012}-{sha256}.zst", directory(partition))
}

/// What the name of an object says: the first and the last sequence, and the checksum.
pub(crate) fn of_name(object: &str) -> Option<(u64, u64, String)> {
    let (_, name) = object.rsplit_once('/')?;
    let mut parts = name.strip_suffix(".zst")?.splitn(3, '-');
    let (first, last) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((first, last, parts.next()?.to_owned()))
}

/// No record is as long as that does not hold.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
