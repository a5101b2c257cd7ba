//! Which objects of a place hold what this log holds: those are not made again.
//!
//! An object is believed if it is there with its size, is complete, and its last record is the log's own; two logs whose
//! records are equal in one place have the same past, for each event has an id of its own.

use std::collections::{BTreeMap, HashMap};

use chimera_log::{EventLog, Partition};

use crate::error::BackupError;
use crate::manifest::{Manifest, SegmentKept};
use crate::place::{Found, Place};
use crate::segment::{self, Record};

/// What is known of the objects of a place before they are looked at.
pub(crate) struct Known {
    segments: HashMap<String, SegmentKept>,
    /// Whether objects that no manifest names are believed as well.
    strays: bool,
}

impl Known {
    /// Those that a restore point names, and with `strays` what an interrupted backup has left. Whoever signs goes without:
    /// nobody has vouched for those.
    pub(crate) fn new(manifest: Option<&Manifest>, strays: bool) -> Self {
        let parts = manifest.into_iter().flat_map(Manifest::partitions);
        let segments = parts.flat_map(|(_, kept)| &kept.segments);
        let named = segments.map(|segment| (segment.object.clone(), segment.clone()));
        Self { segments: named.collect(), strays }
    }

    /// What a manifest, or the object itself, says of it; none if it is not to be used.
    async fn of(&self, place: &Place, found: &Found) -> Result<Option<SegmentKept>, BackupError> {
        if let Some(known) = self.segments.get(&found.object) {
            return Ok(
                (known.bytes == found.bytes && known.content.complete).then(|| known.clone())
            );
        }
        let Some((first, last, sha256)) = segment::of_name(&found.object) else { return Ok(None) };
        if !self.strays || found.bytes == 0 {
            return Ok(None);
        }
        let from = found.bytes.saturating_sub(segment::TRAILER);
        let tail = place.tail(&found.object, (from, found.bytes)).await?;
        let Some(content) = segment::description(&tail) else { return Ok(None) };
        if (content.first, content.last, content.complete) != (first, last, true) {
            return Ok(None);
        }
        Ok(Some(SegmentKept { object: found.object.clone(), bytes: found.bytes, sha256, content }))
    }
}

/// The complete segments that hold the past of a partition, without gaps from its beginning, none beyond `end`.
pub(crate) async fn past(
    log: &dyn EventLog,
    (partition, end): (&Partition, u64),
    place: &Place,
    known: &Known,
) -> Result<Vec<SegmentKept>, BackupError> {
    let mut by_first: BTreeMap<u64, Vec<Found>> = BTreeMap::new();
    for found in place.list(&segment::directory(partition)).await? {
        if let Some((first, last, _)) = segment::of_name(&found.object)
            && last <= end
        {
            by_first.entry(first).or_default().push(found);
        }
    }
    for found in by_first.values_mut() {
        found.sort_by_key(|found| !known.segments.contains_key(&found.object));
    }
    let mut past: Vec<SegmentKept> = Vec::new();
    while let Some(found) = by_first.get(&(past.last().map_or(0, |kept| kept.content.last) + 1)) {
        match first_usable(place, found, known).await? {
            Some(kept) => past.push(kept),
            None => break,
        }
    }
    while let Some(kept) = past.last() {
        if has(log, partition, kept).await? {
            break;
        }
        past.pop();
    }
    Ok(past)
}

async fn first_usable(
    place: &Place,
    found: &[Found],
    known: &Known,
) -> Result<Option<SegmentKept>, BackupError> {
    for found in found {
        if let Some(kept) = known.of(place, found).await? {
            return Ok(Some(kept));
        }
    }
    Ok(None)
}

/// Whether the log has the last record of this segment.
async fn has(
    log: &dyn EventLog,
    partition: &Partition,
    kept: &SegmentKept,
) -> Result<bool, BackupError> {
    let batch = log.read(partition, kept.content.last)?.next().await?;
    let record = batch.records.iter().find(|record| record.sequence == kept.content.last);
    Ok(record.is_some_and(|record| Record::of(record).mark() == kept.content.end_mark))
}
