//! How checkpoints lie on disk: keys that keep a partition together, values with a checksum.

use chimera_domain::time::Timestamp;
use chimera_engine::{CommandRecord, Restored, SavedState};
use chimera_log::Partition;

/// `stream 0 partition` and what follows; ordered by partition.
pub(crate) fn key(partition: &Partition, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(partition.stream.len() + 5 + rest.len());
    key.extend_from_slice(partition.stream.as_bytes());
    key.push(0);
    key.extend_from_slice(&partition.index.to_be_bytes());
    key.extend_from_slice(rest);
    key
}

/// Puts the checksum before a value.
fn seal(body: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(4 + body.len());
    sealed.extend_from_slice(&crc32c::crc32c(body).to_le_bytes());
    sealed.extend_from_slice(body);
    sealed
}

/// The value behind a right checksum.
fn unseal(sealed: &[u8]) -> Option<&[u8]> {
    let (sum, body) = sealed.split_first_chunk::<4>()?;
    (u32::from_le_bytes(*sum) == crc32c::crc32c(body)).then_some(body)
}

/// Takes whole numbers off the front of a value.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u64(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }

    fn timestamp(&mut self) -> Option<Timestamp> {
        Some(Timestamp(self.u64()?.cast_signed()))
    }
}

pub(crate) fn seal_state(saved: &SavedState) -> Vec<u8> {
    let mut body = Vec::with_capacity(8 + saved.state.len());
    body.extend_from_slice(&saved.version.to_le_bytes());
    body.extend_from_slice(&saved.state);
    seal(&body)
}

/// A state; what falls due is known from its timer.
pub(crate) fn unseal_state(key: &str, sealed: &[u8]) -> Option<SavedState> {
    let mut fields = Fields(unseal(sealed)?);
    let version = fields.u64()?;
    Some(SavedState { key: key.into(), version, due: None, state: fields.0.to_vec() })
}

pub(crate) fn seal_command(record: &CommandRecord) -> Vec<u8> {
    let mut body = Vec::with_capacity(32);
    body.extend_from_slice(&record.fingerprint.to_le_bytes());
    body.extend_from_slice(&record.sequence.to_le_bytes());
    body.extend_from_slice(&record.version.to_le_bytes());
    body.extend_from_slice(&record.recorded_at.0.to_le_bytes());
    seal(&body)
}

pub(crate) fn unseal_command(sealed: &[u8]) -> Option<CommandRecord> {
    let mut fields = Fields(unseal(sealed)?);
    Some(CommandRecord {
        fingerprint: fields.u64()?,
        sequence: fields.u64()?,
        version: fields.u64()?,
        recorded_at: fields.timestamp()?,
    })
}

pub(crate) fn seal_timer(due: Timestamp) -> Vec<u8> {
    seal(&due.0.to_le_bytes())
}

pub(crate) fn unseal_timer(sealed: &[u8]) -> Option<Timestamp> {
    Fields(unseal(sealed)?).timestamp()
}

pub(crate) fn seal_number(number: u64) -> Vec<u8> {
    seal(&number.to_le_bytes())
}

pub(crate) fn unseal_number(sealed: &[u8]) -> Option<u64> {
    Fields(unseal(sealed)?).u64()
}

/// Where a shard stands: format, sequence, event id, and up to where an interrupted save may have gone.
pub(crate) fn seal_head(format: u32, at: &Restored) -> Vec<u8> {
    let mut body = Vec::with_capacity(40);
    body.extend_from_slice(&u64::from(format).to_le_bytes());
    body.extend_from_slice(&at.sequence.to_le_bytes());
    body.extend_from_slice(&at.event_id.to_le_bytes());
    body.extend_from_slice(&at.ahead_until.to_le_bytes());
    seal(&body)
}

/// The head and its format, without timers. Heads of earlier releases end before the last field.
pub(crate) fn unseal_head(sealed: &[u8]) -> Option<(u64, Restored)> {
    let mut fields = Fields(unseal(sealed)?);
    let (format, sequence) = (fields.u64()?, fields.u64()?);
    let (low, high) = (fields.u64()?, fields.u64()?);
    let event_id = (u128::from(high) << 64) | u128::from(low);
    let ahead_until = fields.u64().unwrap_or(0);
    Some((format, Restored { sequence, event_id, ahead_until, timers: Vec::new() }))
}
