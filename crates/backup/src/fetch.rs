//! Segments as they come back from the store: whole, with the right checksum, or not at all.

use bytes::Bytes;

use crate::digest::sha256;
use crate::error::BackupError;
use crate::manifest::{SchemaKept, SegmentKept};
use crate::place::Place;

/// A segment's bytes, checked.
pub(crate) async fn segment(place: &Place, kept: &SegmentKept) -> Result<Bytes, BackupError> {
    object(place, &kept.object, (kept.bytes, &kept.sha256)).await
}

/// A schema's text, checked.
pub(crate) async fn schema(place: &Place, kept: &SchemaKept) -> Result<String, BackupError> {
    let bytes = object(place, &kept.object, (kept.bytes, &kept.sha256)).await?;
    let text = String::from_utf8(bytes.into());
    text.map_err(|error| BackupError::damaged(&kept.object, error.to_string()))
}

async fn object(
    place: &Place,
    object: &str,
    (length, checksum): (u64, &str),
) -> Result<Bytes, BackupError> {
    let bytes = place.get(object).await?;
    let bytes = bytes.ok_or_else(|| BackupError::damaged(object, "it is not there"))?;
    if bytes.len() as u64 != length {
        let reason = format!("it has {} bytes, and {length} were written", bytes.len());
        return Err(BackupError::damaged(object, reason));
    }
    // Some megabytes: on a thread that nobody else waits for.
    let hashed = bytes.clone();
    let found = tokio::task::spawn_blocking(move || sha256(&hashed)).await?;
    if found == checksum {
        return Ok(bytes);
    }
    Err(BackupError::damaged(
        object,
        format!("its checksum is {found}, and {checksum} was written"),
    ))
}
