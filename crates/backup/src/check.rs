//! Whether a restore point is still what was written: quickly by the sizes of its objects, or record by record.

use std::collections::HashMap;
use std::sync::Arc;

use chimera_domain::time::Timestamp;
use chimera_log::{Partition, RawRecord};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Progress;
use crate::error::BackupError;
use crate::fetch;
use crate::manifest::{PartitionKept, SegmentKept};
use crate::point::Point;
use crate::segment::{self, Ids, Record};

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The object, from the place on.
    pub object: String,
    /// What was expected and what was found.
    pub reason: String,
}

/// Judges the records of each partition; what they mean is its own matter.
pub trait Checker: Send + Sync {
    /// For one partition, from its first record.
    fn of(&self, partition: &Partition) -> Box<dyn Judge>;
}

/// Judges the records of one partition, in order.
pub trait Judge: Send {
    /// What is wrong with the next one; its schema is named by the number of [`Point::schemas`].
    ///
    /// # Errors
    /// Text for an operator.
    fn record(&mut self, record: &RawRecord) -> Result<(), String>;
}

/// How many faults of a partition are named.
const NAMED: usize = 20;

/// The objects that are missing or have another size.
///
/// # Errors
/// If the place does not answer.
pub async fn absent(point: &Point) -> Result<Vec<Fault>, BackupError> {
    let mut there = HashMap::new();
    for directory in ["segments", "schemas"] {
        let found = point.place.list(directory).await?;
        there.extend(found.into_iter().map(|found| (found.object, found.bytes)));
    }
    let schemas = point.manifest.schemas.iter().map(|kept| (&kept.object, kept.bytes));
    let parts = point.manifest.partitions().flat_map(|(_, kept)| &kept.segments);
    let segments = parts.map(|kept| (&kept.object, kept.bytes));
    let mut faults = Vec::new();
    for (object, bytes) in schemas.chain(segments) {
        let reason = match there.get(object) {
            Some(found) if *found == bytes => continue,
            Some(found) => format!("it has {found} bytes, and {bytes} were written"),
            None => "it is not there".to_owned(),
        };
        faults.push(Fault { object: object.clone(), reason });
    }
    Ok(faults)
}

/// Reads everything: checksums, sequences without gaps, and each record as `checker` judges it. At most twenty faults of each partition
/// are named.
///
/// # Errors
/// If the place does not answer.
pub async fn examine(
    point: Arc<Point>,
    checker: Arc<dyn Checker>,
    parallel: usize,
    progress: Arc<dyn Progress>,
) -> Result<Vec<Fault>, BackupError> {
    let mut faults = schema_faults(&point).await?;
    let turns = Arc::new(Semaphore::new(parallel.max(1)));
    let mut tasks = JoinSet::new();
    for (partition, kept) in point.manifest.partitions() {
        progress.expect(&partition, kept.end);
        let part = Part {
            judge: checker.of(&partition),
            point: point.clone(),
            kept: kept.clone(),
            progress: progress.clone(),
            partition,
            faults: Vec::new(),
        };
        let turns = turns.clone();
        tasks.spawn(async move {
            let _turn = turns.acquire_owned().await;
            part.examined().await
        });
    }
    while let Some(ended) = tasks.join_next().await {
        faults.extend(ended??);
    }
    faults.sort_by(|one, other| one.object.cmp(&other.object));
    Ok(faults)
}

async fn schema_faults(point: &Point) -> Result<Vec<Fault>, BackupError> {
    let mut faults = Vec::new();
    for kept in &point.manifest.schemas {
        match fetch::schema(&point.place, kept).await {
            Ok(_) => {}
            Err(BackupError::Damaged { object, reason }) => faults.push(Fault { object, reason }),
            Err(error) => return Err(error),
        }
    }
    Ok(faults)
}

/// One partition as it is read.
struct Part {
    point: Arc<Point>,
    partition: Partition,
    kept: PartitionKept,
    judge: Box<dyn Judge>,
    progress: Arc<dyn Progress>,
    faults: Vec<Fault>,
}

impl Part {
    async fn examined(mut self) -> Result<Vec<Fault>, BackupError> {
        let mut last = 0;
        for kept in std::mem::take(&mut self.kept.segments) {
            if kept.content.first != last + 1 {
                let reason =
                    format!("it begins with {}, and {last} is before it", kept.content.first);
                self.fault(&kept, reason);
            }
            last = kept.content.last;
            match fetch::segment(&self.point.place, &kept).await {
                Ok(bytes) => {
                    self = tokio::task::spawn_blocking(move || self.judged(&kept, &bytes)).await?;
                }
                // What follows would be judged without what was before it: one fault would look like many.
                Err(BackupError::Damaged { reason, .. }) => {
                    self.fault(&kept, reason);
                    return Ok(self.faults);
                }
                Err(error) => return Err(error),
            }
        }
        if last != self.kept.end {
            let (object, end) = (self.partition.to_string(), self.kept.end);
            let reason = format!("it ends at {last}, and {end} was its end");
            self.faults.push(Fault { object, reason });
        }
        Ok(self.faults)
    }

    fn judged(mut self, kept: &SegmentKept, bytes: &[u8]) -> Self {
        let numbers = self.point.numbers(&kept.content);
        let mut mark = String::new();
        let read = segment::records(&kept.object, bytes, &kept.content, |record| {
            if record.sequence == kept.content.last {
                mark = record.mark();
            }
            self.judge(kept, &record, &numbers);
            Ok(())
        });
        if let Err(error) = read {
            self.fault(kept, error.to_string());
        } else if mark != kept.content.end_mark {
            self.fault(kept, "its last record is not the one that it is said to be".to_owned());
        }
        let Timestamp(from) = kept.content.recorded_from;
        if from > kept.content.recorded_to.0 {
            self.fault(kept, "it is said to end before it begins".to_owned());
        }
        self.progress.done(&self.partition, kept.content.last + 1 - kept.content.first);
        self
    }

    fn judge(&mut self, kept: &SegmentKept, record: &Record<'_>, numbers: &Ids) {
        let raw = record.to_raw(numbers);
        if let Err(reason) = self.judge.record(&raw) {
            self.fault(kept, format!("sequence {}: {reason}", record.sequence));
        }
    }

    fn fault(&mut self, kept: &SegmentKept, reason: String) {
        if self.faults.len() < NAMED {
            self.faults.push(Fault { object: kept.object.clone(), reason });
        }
    }
}
