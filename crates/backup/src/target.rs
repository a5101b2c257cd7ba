//! What a restore point is restored into: a log, and whoever gives schemas their ids there. Says what of it is there already.

use std::collections::BTreeMap;
use std::sync::Arc;

use chimera_log::{EventLog, Partition, StreamSpec};

use crate::error::BackupError;
use crate::fetch;
use crate::manifest::{Manifest, SegmentKept};
use crate::point::Point;
use crate::schemas::Schemas;
use crate::segment::{self, Ids, Record};

/// Where to.
#[derive(Clone)]
pub struct Target {
    /// The log; none while it is not there yet, which is for looking only.
    pub log: Option<Arc<dyn EventLog>>,
    /// Whoever gives schemas their ids there.
    pub schemas: Arc<dyn Schemas>,
}

/// The ids of the target for the schemas of a restore point, by stream and checksum.
pub(crate) struct TargetIds(BTreeMap<(String, String), u32>);

impl TargetIds {
    /// Asks for them; with `register` they are made known where they are not.
    pub(crate) async fn ask(
        point: &Point,
        schemas: &dyn Schemas,
        register: bool,
    ) -> Result<Self, BackupError> {
        let mut ids = BTreeMap::new();
        let texts = point.schemas().await?;
        for (kept, schema) in point.manifest.schemas.iter().zip(texts) {
            for stream in &kept.streams {
                let id = schemas.id(stream, &schema.text, register).await;
                if let Some(id) = id.map_err(BackupError::Schemas)? {
                    ids.insert((stream.clone(), kept.sha256.clone()), id);
                }
            }
        }
        Ok(Self(ids))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// For each id in a segment, that of the target.
    ///
    /// # Errors
    /// If the segment has events of a schema that is not known there.
    pub(crate) fn of(&self, stream: &str, kept: &SegmentKept) -> Result<Ids, BackupError> {
        let mut ids = Ids::new();
        for (id, sha256) in &kept.content.schemas {
            let known = sha256
                .as_ref()
                .and_then(|sha256| self.0.get(&(stream.to_owned(), sha256.clone())).copied());
            let target = known.ok_or_else(|| BackupError::Refused(format!(
                "{} has events of the schema {id}, which nobody knew when the restore point was written",
                kept.object
            )))?;
            ids.insert(*id, target);
        }
        Ok(ids)
    }
}

/// The streams of a restore point, as a log takes them.
pub(crate) fn streams(manifest: &Manifest) -> Vec<StreamSpec> {
    let spec = |stream: &crate::manifest::StreamKept| StreamSpec {
        name: stream.name.as_str().into(),
        partitions: u32::try_from(stream.partitions.len()).unwrap_or(u32::MAX),
    };
    manifest.streams.iter().map(spec).collect()
}

/// Up to which sequence a partition of the target holds the restore point; 0 where it is empty or not there.
///
/// # Errors
/// [`BackupError::Refused`] if it holds something else.
pub(crate) async fn there(
    log: &dyn EventLog,
    point: &Point,
    (partition, end): (&Partition, u64),
) -> Result<u64, BackupError> {
    let present = log.streams()?;
    if !present.iter().any(|stream| stream.name == partition.stream) {
        return Ok(0);
    }
    let last = *log.high_watermark(partition)?.borrow();
    if last == 0 {
        return Ok(0);
    }
    if last > end {
        return Err(BackupError::Refused(format!(
            "{partition} of the target goes on to {last}, and {end} is where the restore ends; restore into an empty log"
        )));
    }
    let batch = log.read(partition, last)?.next().await?;
    let found = batch.records.iter().find(|record| record.sequence == last);
    let found = found.map(|record| Record::of(record).mark());
    if found.is_some() && found == mark(point, partition, last).await? {
        return Ok(last);
    }
    Err(BackupError::Refused(format!(
        "{partition} of the target holds another record at {last} than the restore point; restore into an empty log"
    )))
}

/// The mark of one record of the restore point.
async fn mark(
    point: &Point,
    partition: &Partition,
    sequence: u64,
) -> Result<Option<String>, BackupError> {
    let kept = point.manifest.partitions().find(|(one, _)| one == partition);
    let mut segments = kept.iter().flat_map(|(_, kept)| &kept.segments);
    let Some(kept) = segments.find(|kept| kept.content.last >= sequence) else { return Ok(None) };
    let bytes = fetch::segment(&point.place, kept).await?;
    let mut mark = None;
    segment::records(&kept.object, &bytes, &kept.content, |record| {
        if record.sequence == sequence {
            mark = Some(record.mark());
        }
        Ok(())
    })?;
    Ok(mark)
}
