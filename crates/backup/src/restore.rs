//! Restores a point into a log: each partition from where the target stands, in order, every record as it was but for the id
//! of its schema.
//!
//! Interrupted, it goes on the next time: the target itself says how far it is. Never overwrites anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chimera_log::{AppendError, Batch, EventLog, Partition, Writer};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Progress;
use crate::error::BackupError;
use crate::fetch;
use crate::manifest::SegmentKept;
use crate::point::Point;
use crate::segment::{self, Ids};
use crate::target::{Target, TargetIds, streams, there};
use crate::until::Cut;

/// How much is appended at once.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
const BATCH_EVENTS: usize = 16 * 1024;
/// How often a partition is begun again where the log could not take an append.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// What is restored, and how far.
#[derive(Clone)]
pub struct Restoring {
    /// The restore point.
    pub point: Arc<Point>,
    /// Where it ends.
    pub cut: Cut,
    /// How many partitions at once.
    pub parallel: usize,
    /// Told how far it is.
    pub progress: Arc<dyn Progress>,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Events that were appended.
    pub events: u64,
    /// Events that were there already.
    pub there: u64,
    /// The last value of each key of the control topic, to be put back by whoever knows what they mean.
    pub control: BTreeMap<String, Vec<u8>>,
}

/// Restores what is missing at the target. Ask [`crate::preflight()`] first.
///
/// # Errors
/// If the target holds something else, an object is missing or damaged, or the log refuses; what was appended stays, and the next
/// attempt goes on behind it.
pub async fn restore(restoring: Restoring, target: &Target) -> Result<Restored, BackupError> {
    let no_log = || BackupError::Refused("there is no log to restore into".to_owned());
    let log = target.log.clone().ok_or_else(no_log)?;
    log.ensure_streams(&streams(&restoring.point.manifest))?;
    let ids = Arc::new(TargetIds::ask(&restoring.point, &*target.schemas, true).await?);
    let turns = Arc::new(Semaphore::new(restoring.parallel.max(1)));
    let mut tasks = JoinSet::new();
    for (partition, end) in restoring.cut.ends.clone() {
        let part = Part {
            log: log.clone(),
            ids: ids.clone(),
            point: restoring.point.clone(),
            progress: restoring.progress.clone(),
            partition,
            end,
        };
        let turns = turns.clone();
        tasks.spawn(async move {
            let _turn = turns.acquire_owned().await;
            part.restore().await
        });
    }
    let mut restored = Restored { events: 0, there: 0, control: control(&restoring.point)? };
    while let Some(ended) = tasks.join_next().await {
        let (there, events) = ended??;
        restored.there += there;
        restored.events += events;
    }
    Ok(restored)
}

fn control(point: &Point) -> Result<BTreeMap<String, Vec<u8>>, BackupError> {
    let mut control = BTreeMap::new();
    for (key, value) in &point.manifest.control {
        let value = STANDARD.decode(value);
        let value = value.map_err(|error| BackupError::damaged(key, error.to_string()))?;
        control.insert(key.clone(), value);
    }
    Ok(control)
}

/// One partition on its way.
struct Part {
    log: Arc<dyn EventLog>,
    ids: Arc<TargetIds>,
    point: Arc<Point>,
    progress: Arc<dyn Progress>,
    partition: Partition,
    end: u64,
}

impl Part {
    /// How many events were there, and how many were appended.
    async fn restore(&self) -> Result<(u64, u64), BackupError> {
        let began = there(&*self.log, &self.point, (&self.partition, self.end)).await?;
        self.progress.expect(&self.partition, self.end - began);
        let mut attempt = 1;
        while let Err(error) = self.go_on().await {
            if !passes(&error) || attempt == ATTEMPTS {
                return Err(error);
            }
            attempt += 1;
            tokio::time::sleep(PAUSE).await;
        }
        Ok((began, self.end - began))
    }

    /// Appends what is missing.
    async fn go_on(&self) -> Result<(), BackupError> {
        let Some((mut appender, from)) = self.claimed().await? else { return Ok(()) };
        let wanted = self.wanted(from);
        let mut coming = wanted.first().map(|kept| self.fetch(kept));
        for (index, kept) in wanted.iter().enumerate() {
            let Some(come) = coming.take() else { break };
            let bytes = come.await??;
            coming = wanted.get(index + 1).map(|kept| self.fetch(kept));
            let ids = self.ids.of(&self.partition.stream, kept)?;
            let (kept, progress) = (kept.clone(), self.progress.clone());
            let partition = self.partition.clone();
            let task = tokio::task::spawn_blocking(move || {
                appender.segment(&kept, &bytes, &ids)?;
                progress.done(&partition, kept.content.last + 1 - kept.content.first);
                Ok::<_, BackupError>(appender)
            });
            appender = task.await??;
        }
        Ok(())
    }

    /// The right to append, and behind which sequence; none where nothing is missing.
    async fn claimed(&self) -> Result<Option<(Appender, u64)>, BackupError> {
        if there(&*self.log, &self.point, (&self.partition, self.end)).await? == self.end {
            return Ok(None);
        }
        let (log, partition) = (self.log.clone(), self.partition.clone());
        let writer = tokio::task::spawn_blocking(move || log.claim(&partition)).await??;
        // Nobody else can write now: what is there is what counts.
        let from = there(&*self.log, &self.point, (&self.partition, self.end)).await?;
        let next = writer.next_sequence();
        if next == from + 1 {
            return Ok(Some((Appender::new(writer, (from, self.end)), from)));
        }
        let partition = &self.partition;
        Err(BackupError::Refused(format!(
            "somebody else writes to {partition} of the target: it goes on with {next}, and {from} was its last"
        )))
    }

    /// The segments with something behind `from` and up to the end.
    fn wanted(&self, from: u64) -> Vec<SegmentKept> {
        let parts = self.point.manifest.partitions().filter(|(one, _)| *one == self.partition);
        let segments = parts.flat_map(|(_, kept)| &kept.segments);
        let within =
            |kept: &&SegmentKept| kept.content.last > from && kept.content.first <= self.end;
        segments.filter(within).cloned().collect()
    }

    fn fetch(
        &self,
        kept: &SegmentKept,
    ) -> tokio::task::JoinHandle<Result<bytes::Bytes, BackupError>> {
        let (place, kept) = (self.point.place.clone(), kept.clone());
        tokio::spawn(async move { fetch::segment(&place, &kept).await })
    }
}

/// Whether another attempt may go better.
fn passes(error: &BackupError) -> bool {
    matches!(
        error,
        BackupError::Append(
            AppendError::Unavailable { .. } | AppendError::Indeterminate { fenced: false, .. }
        )
    )
}

/// Appends records in batches.
struct Appender {
    writer: Box<dyn Writer>,
    /// Behind this sequence, and up to this one.
    within: (u64, u64),
    batch: Batch,
    bytes: usize,
}

impl Appender {
    fn new(writer: Box<dyn Writer>, within: (u64, u64)) -> Self {
        Self { writer, within, batch: Batch::default(), bytes: 0 }
    }

    /// Everything of a segment that is wanted. Blocks.
    fn segment(&mut self, kept: &SegmentKept, bytes: &[u8], ids: &Ids) -> Result<(), BackupError> {
        let (after, end) = self.within;
        segment::records(&kept.object, bytes, &kept.content, |record| {
            if record.sequence <= after || record.sequence > end {
                return Ok(());
            }
            let entry = record.to_entry(ids).ok_or_else(|| {
                let reason = format!("the key or a header of {} is no text", record.sequence);
                BackupError::damaged(&kept.object, reason)
            })?;
            self.bytes += entry.value.len() + entry.key.len();
            self.batch.push_command([entry]);
            if self.bytes >= BATCH_BYTES || self.batch.len() >= BATCH_EVENTS {
                return self.flush();
            }
            Ok(())
        })?;
        self.flush()
    }

    fn flush(&mut self) -> Result<(), BackupError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let expected = self.writer.next_sequence();
        let appended = self.writer.append(std::mem::take(&mut self.batch))?;
        self.bytes = 0;
        if appended.first == expected {
            return Ok(());
        }
        let first = appended.first;
        Err(BackupError::Broken(format!("the log appended at {first} what belongs to {expected}")))
    }
}
