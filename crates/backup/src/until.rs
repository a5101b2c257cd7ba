//! Where a restore ends in each partition, when it is to end before the restore point does.
//!
//! By the clocks of those who wrote: of each partition what comes before the first event recorded later. Where two clocks differ,
//! an effect may be recorded before its cause; such an effect is left out with all behind it.

use std::collections::BTreeMap;

use chimera_codec::GlanceReader;
use chimera_domain::time::{SECOND, Timestamp};
use chimera_log::Partition;

use crate::cut::{Near, without_orphans};
use crate::error::BackupError;
use crate::fetch;
use crate::manifest::{PartitionKept, SegmentKept};
use crate::point::Point;
use crate::segment;

/// By how much two clocks may differ.
const SKEW: i64 = 10 * SECOND;

/// Where a restore ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The last sequence of each partition.
    pub ends: BTreeMap<Partition, u64>,
    /// How many events of the restore point come after it.
    pub left_out: u64,
}

/// Up to a moment, or to the end of the restore point.
///
/// # Errors
/// If an object that has to be read for it is missing or damaged.
pub async fn until(point: &Point, moment: Option<Timestamp>) -> Result<Cut, BackupError> {
    let mut ends = BTreeMap::new();
    let mut near = BTreeMap::new();
    let mut glances = GlanceReader::default();
    for schema in point.schemas().await? {
        // Events of a schema that does not parse have no time, and go with those before them.
        let _ = glances.learn(schema.number, &schema.text);
    }
    for (partition, kept) in point.manifest.partitions() {
        let Some(moment) = moment else {
            ends.insert(partition, kept.end);
            continue;
        };
        let mut sought = Sought { moment, end: None, near: Vec::new() };
        sought.look(point, kept, &glances).await?;
        ends.insert(partition.clone(), sought.end.unwrap_or(kept.end));
        near.insert(partition, sought.near);
    }
    let ends = without_orphans(ends, &near);
    let left_out = point.manifest.events() - ends.values().sum::<u64>();
    Ok(Cut { ends, left_out })
}

/// The cut of one partition.
struct Sought {
    moment: Timestamp,
    end: Option<u64>,
    near: Vec<Near>,
}

impl Sought {
    async fn look(
        &mut self,
        point: &Point,
        kept: &PartitionKept,
        glances: &GlanceReader,
    ) -> Result<(), BackupError> {
        let (early, late) = (self.moment.plus(-SKEW), self.moment.plus(SKEW));
        for segment in &kept.segments {
            let content = &segment.content;
            let passed = self.end.is_some() && content.recorded_from > late;
            if content.recorded_to >= early && !passed {
                self.read(point, segment, glances).await?;
            }
        }
        Ok(())
    }

    async fn read(
        &mut self,
        point: &Point,
        kept: &SegmentKept,
        glances: &GlanceReader,
    ) -> Result<(), BackupError> {
        let bytes = fetch::segment(&point.place, kept).await?;
        let numbers = point.numbers(&kept.content);
        segment::records(&kept.object, &bytes, &kept.content, |record| {
            let raw = record.to_raw(&numbers);
            let Ok(glance) = glances.look(&raw.value) else { return Ok(()) };
            let after = glance.recorded_at.0.saturating_sub(self.moment.0);
            if after > 0 && self.end.is_none() {
                self.end = Some(record.sequence - 1);
            }
            if after.abs() <= SKEW {
                let (id, cause) = (glance.event_id.to_owned(), glance.causation_id.to_owned());
                self.near.push(Near { sequence: record.sequence, id, cause });
            }
            Ok(())
        })
    }
}
