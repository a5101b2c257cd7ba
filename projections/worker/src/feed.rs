//! One partition into one view: read, project, write, checkpoint, in the order of the partition.
//!
//! What may work the next time is tried again until it does; anything else ends the feed, with the checkpoint before the
//! trouble. May be dropped at any point: what has been written is written again, and changes nothing.

use std::sync::Arc;
use std::time::Duration;

use chimera_codec::CodecError;
use chimera_log::{Partition, RawRecord, ReadError};
use chimera_stores::{Checkpoint, StoreError};
use metrics::{Counter, Histogram, counter, histogram};
use tokio::time::{Instant, timeout_at};

use crate::backoff::Backoff;
use crate::error::Halt;
use crate::metric_names as names;
use crate::progress::Progress;
use crate::projector::{Projected, Projector};
use crate::source::Source;
use crate::target::{Target, Writes};

/// How many events may pass that write nothing before the checkpoint follows.
const SAVE_AFTER: u64 = 10_000;

/// Feeds one partition into one view.
pub(crate) struct Feed {
    pub(crate) target: Target,
    pub(crate) projector: Projector,
    pub(crate) partition: Partition,
    pub(crate) position: Position,
    pub(crate) progress: Arc<Progress>,
    pub(crate) meters: Meters,
    /// How long the checkpoint may stay behind when nothing more is there.
    pub(crate) save_within: Duration,
}

/// Where a feed stands.
pub(crate) struct Position {
    /// The sequence that comes next.
    pub(crate) next: u64,
    /// The last one to apply; none to follow the tail for ever.
    pub(crate) upto: Option<u64>,
    /// Up to where the stores' checkpoints stand.
    pub(crate) saved: u64,
}

/// What a feed counts.
pub(crate) struct Meters {
    events: Counter,
    batch: Histogram,
    apply: Histogram,
    retries: Counter,
}

impl Meters {
    pub(crate) fn new(model: &'static str) -> Self {
        Self {
            events: counter!(names::EVENTS, "model" => model),
            batch: histogram!(names::BATCH_EVENTS, "model" => model),
            apply: histogram!(names::APPLY_MS, "model" => model),
            retries: counter!(names::RETRIES, "model" => model),
        }
    }
}

impl Feed {
    /// Feeds until the last sequence to apply, or for ever.
    pub(crate) async fn run(mut self, mut source: Source) -> Result<(), Halt> {
        // Counts from the first event that was passed over, however many follow.
        let mut save_by = None;
        while self.position.upto.is_none_or(|upto| self.position.next <= upto) {
            let is_behind = self.applied() > self.position.saved;
            save_by = is_behind.then(|| save_by.unwrap_or(Instant::now() + self.save_within));
            let gathered = self.gather(&mut source);
            let gathered = match save_by {
                Some(save_by) => timeout_at(save_by, gathered).await,
                None => Ok(gathered.await),
            };
            match gathered {
                Ok(records) => self.take(records?).await?,
                Err(_nothing_came) => self.save().await?,
            }
        }
        self.save().await
    }

    /// Up to where everything is written or of no concern.
    fn applied(&self) -> u64 {
        self.position.next - 1
    }

    async fn gather(&self, source: &mut Source) -> Result<Vec<RawRecord>, Halt> {
        let mut backoff = Backoff::default();
        loop {
            match source.next(self.position.next).await {
                Ok(records) => return Ok(records),
                Err(error) => self.wait_for_log(error, &mut backoff).await?,
            }
        }
    }

    async fn take(&mut self, mut records: Vec<RawRecord>) -> Result<(), Halt> {
        if let Some(upto) = self.position.upto {
            records.retain(|record| record.sequence <= upto);
        }
        let projected = self.project(&records).await?;
        let whole = projected.poison.as_ref().map_or(records.len(), |(index, _)| *index);
        let last = self.applied() + whole as u64;
        if !projected.writes.is_empty() || last - self.position.saved >= SAVE_AFTER {
            self.write(&projected.writes, last).await?;
        }
        self.position.next = last + 1;
        self.meters.events.increment(whole as u64);
        self.progress.advance(last, projected.recorded.map(|(_, last)| last));
        if let Some((index, source)) = projected.poison {
            self.save().await?;
            return Err(self.undecodable(&records[index], source));
        }
        Ok(())
    }

    async fn project(&mut self, records: &[RawRecord]) -> Result<Projected, Halt> {
        let mut backoff = Backoff::default();
        let last = self.applied() + records.len() as u64;
        loop {
            match self.projector.project(records, &self.target).await {
                Ok(projected) => {
                    if let Some((first, _)) = projected.recorded {
                        self.progress.behind(first);
                    }
                    return Ok(projected);
                }
                Err(error) => self.wait_for_store(error, last, &mut backoff).await?,
            }
        }
    }

    /// Everything up to `last`, with the checkpoint.
    async fn write(&mut self, writes: &Writes, last: u64) -> Result<(), Halt> {
        let Partition { stream, index } = self.partition.clone();
        let checkpoint = Checkpoint { stream, partition: index, sequence: last };
        let mut backoff = Backoff::default();
        let started = Instant::now();
        while let Err(error) = self.target.write(writes, &checkpoint).await {
            self.wait_for_store(error, last, &mut backoff).await?;
        }
        self.meters.apply.record(started.elapsed().as_secs_f64() * 1000.0);
        #[expect(clippy::cast_precision_loss, reason = "a histogram; far below 2⁵³")]
        self.meters.batch.record((last - self.position.saved) as f64);
        self.position.saved = last;
        Ok(())
    }

    /// Brings the checkpoint up to what was passed over.
    async fn save(&mut self) -> Result<(), Halt> {
        let applied = self.applied();
        if applied > self.position.saved {
            self.write(&Writes::default(), applied).await?;
        }
        Ok(())
    }

    async fn wait_for_log(&self, error: ReadError, backoff: &mut Backoff) -> Result<(), Halt> {
        let view = self.target.view();
        match error {
            ReadError::Unavailable { .. } => {
                self.retry(&error.to_string(), false, backoff).await;
                Ok(())
            }
            ReadError::UnknownPartition(_) | ReadError::Corrupt { .. } | ReadError::Closed => {
                Err(Halt::of_log(view, error))
            }
        }
    }

    async fn wait_for_store(
        &self,
        error: StoreError,
        last: u64,
        backoff: &mut Backoff,
    ) -> Result<(), Halt> {
        let full = match &error {
            StoreError::Transient(_) => false,
            StoreError::Saturated(_) => true,
            StoreError::WentBack(_) | StoreError::Rejected(_) | StoreError::Fatal(_) => {
                let (view, partition) = (self.target.view(), self.partition.clone());
                let first = self.position.next;
                return Err(Halt::Store { view, partition, first, last, source: error });
            }
        };
        self.retry(&error.to_string(), full, backoff).await;
        Ok(())
    }

    async fn retry(&self, error: &str, full: bool, backoff: &mut Backoff) {
        if backoff.failures() == 0 {
            let (view, partition) = (self.target.view(), &self.partition);
            tracing::warn!(%view, %partition, error, "trying again until it works");
        }
        self.meters.retries.increment(1);
        backoff.wait(full).await;
    }

    fn undecodable(&self, record: &RawRecord, source: CodecError) -> Halt {
        Halt::Undecodable {
            view: self.target.view(),
            partition: self.partition.clone(),
            sequence: record.sequence,
            key: String::from_utf8_lossy(&record.key).into_owned(),
            source: Box::new(source),
        }
    }
}
