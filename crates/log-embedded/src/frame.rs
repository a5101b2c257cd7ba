//! The bytes of one append: a frame, which stands in a segment whole or not at all.
//!
//! ```text
//! header   magic 4 | crc 4 | first sequence 8 | term 8 | records 4 | sparse sectors 4 | body length 4
//! record   crc 4 | lengths of key, event type, traceparent, value 4 each | key | event type | traceparent | value
//! trailer  "chimera."
//! ```
//! Little endian; CRC32C over what follows it in the header, in the record. Every bit is covered by a checksum or a constant.
//! Touches no file.

use bytes::Bytes;
use chimera_log::{Entry, RawRecord};

/// Length of a frame's header.
pub(crate) const HEADER: usize = 36;
/// No disk writes less than this at once.
pub(crate) const SECTOR: usize = 512;
/// A frame is read and written whole, so it must fit memory.
pub(crate) const MAX_FRAME: usize = 256 * 1024 * 1024;

/// No byte here or in the trailer has fewer than two bits set: no single flipped bit makes it look unwritten.
pub(crate) const MAGIC: [u8; 4] = *b"CHFR";
const TRAILER: [u8; 8] = *b"chimera.";
const RECORD: usize = 20;

/// What a frame says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) first: u64,
    pub(crate) term: u64,
    pub(crate) records: u32,
    /// How many whole sectors of the frame have at most one bit set, and so could pass for unwritten.
    pub(crate) sparse: u32,
    body: u32,
}

/// What is wrong with a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The first sequence that cannot be trusted.
    pub(crate) sequence: u64,
    /// Where, from the start of the frame.
    pub(crate) at: usize,
    pub(crate) reason: &'static str,
}

impl Header {
    /// The header at the start of `bytes`, if one stands there undamaged.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER)?;
        if header[..4] != MAGIC || u32_at(header, 4) != crc32c::crc32c(&header[8..]) {
            return None;
        }
        Some(Self {
            first: u64_at(header, 8),
            term: u64_at(header, 16),
            records: u32_at(header, 24),
            sparse: u32_at(header, 28),
            body: u32_at(header, 32),
        })
    }

    /// Length of the whole frame.
    pub(crate) fn frame(&self) -> usize {
        HEADER + self.body as usize + TRAILER.len()
    }

    /// The sequence after its last record.
    pub(crate) fn next(&self) -> u64 {
        self.first + u64::from(self.records)
    }

    fn write(&self, frame: &mut [u8]) {
        frame[..4].copy_from_slice(&MAGIC);
        frame[8..16].copy_from_slice(&self.first.to_le_bytes());
        frame[16..24].copy_from_slice(&self.term.to_le_bytes());
        frame[24..28].copy_from_slice(&self.records.to_le_bytes());
        frame[28..32].copy_from_slice(&self.sparse.to_le_bytes());
        frame[32..36].copy_from_slice(&self.body.to_le_bytes());
        let crc = crc32c::crc32c(&frame[8..HEADER]);
        frame[4..8].copy_from_slice(&crc.to_le_bytes());
    }
}

/// How long the frame of these entries is.
pub(crate) fn length(entries: &[Entry]) -> usize {
    let record = |entry: &Entry| RECORD + parts(entry).iter().map(|part| part.len()).sum::<usize>();
    HEADER + entries.iter().map(record).sum::<usize>() + TRAILER.len()
}

/// Fills `frame` with these entries, to be written at `offset`; it must not be longer than [`MAX_FRAME`].
pub(crate) fn encode(
    frame: &mut Vec<u8>,
    offset: u64,
    (first, term): (u64, u64),
    entries: &[Entry],
) {
    frame.clear();
    frame.resize(HEADER, 0);
    for entry in entries {
        encode_record(frame, parts(entry));
    }
    let body = short(frame.len() - HEADER);
    frame.extend_from_slice(&TRAILER);
    let mut header = Header { first, term, records: short(entries.len()), sparse: 0, body };
    header.write(frame);
    header.sparse = short(whole_sectors(frame, offset).filter(|s| is_sparse(s)).count());
    header.write(frame);
}

fn encode_record(frame: &mut Vec<u8>, parts: [&[u8]; 4]) {
    let start = frame.len();
    frame.extend_from_slice(&[0; 4]);
    for part in parts {
        frame.extend_from_slice(&short(part.len()).to_le_bytes());
    }
    for part in parts {
        frame.extend_from_slice(part);
    }
    let crc = crc32c::crc32c(&frame[start + 4..]);
    frame[start..start + 4].copy_from_slice(&crc.to_le_bytes());
}

/// Checks every byte after the header of a whole frame; `visit` gets each record's sequence and the bounds of its parts.
pub(crate) fn walk(
    header: &Header,
    frame: &[u8],
    mut visit: impl FnMut(u64, [usize; 5]),
) -> Result<(), Damage> {
    let end = HEADER + header.body as usize;
    let mut at = HEADER;
    for sequence in header.first..header.next() {
        let damage = |reason| Damage { sequence, at, reason };
        if end - at < RECORD {
            return Err(damage("the record does not fit its frame"));
        }
        let mut bounds = [at + RECORD; 5];
        for part in 0..4 {
            bounds[part + 1] = bounds[part] + u32_at(frame, at + 4 + 4 * part) as usize;
        }
        if bounds[4] > end {
            return Err(damage("the record does not fit its frame"));
        }
        if u32_at(frame, at) != crc32c::crc32c(&frame[at + 4..bounds[4]]) {
            return Err(damage("the record does not match its checksum"));
        }
        at = bounds[4];
        visit(sequence, bounds);
    }
    if at != end || frame[end..] != TRAILER {
        let reason = "the frame does not end as it should";
        return Err(Damage { sequence: header.first, at, reason });
    }
    Ok(())
}

/// The record at these bounds, as slices of `frame`.
pub(crate) fn record(sequence: u64, frame: &Bytes, start: usize, bounds: [usize; 5]) -> RawRecord {
    let part = |i: usize| frame.slice(start + bounds[i]..start + bounds[i + 1]);
    RawRecord { sequence, key: part(0), event_type: part(1), traceparent: part(2), value: part(3) }
}

/// The sectors of the disk that this frame fills wholly; `offset` is where it stands.
pub(crate) fn whole_sectors(frame: &[u8], offset: u64) -> impl Iterator<Item = &[u8]> {
    frame.get(until_sector(offset)..).unwrap_or_default().chunks_exact(SECTOR)
}

/// How many bytes from `offset` to the next sector; 0 at the start of one.
pub(crate) fn until_sector(offset: u64) -> usize {
    let sector = SECTOR as u64;
    usize::try_from(offset.next_multiple_of(sector) - offset).unwrap_or(0)
}

fn is_sparse(sector: &[u8]) -> bool {
    let mut bits = 0;
    for byte in sector {
        bits += byte.count_ones();
        if bits > 1 {
            return false;
        }
    }
    true
}

fn parts(entry: &Entry) -> [&[u8]; 4] {
    let trace = entry.traceparent.as_deref().unwrap_or_default();
    [entry.key.as_bytes(), entry.event_type.as_bytes(), trace.as_bytes(), &entry.value]
}

/// Nothing in a frame of at most [`MAX_FRAME`] needs more.
fn short(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut value = [0; 4];
    value.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(value)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut value = [0; 8];
    value.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(value)
}
