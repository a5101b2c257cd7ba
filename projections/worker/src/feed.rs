//! One partition into one view: read, project, write, checkpoint, in the order of the partition.
//!
//! What may work the next time is tried again until it does. An event that cannot be applied parks its aggregate: it and all
//! that follows of the same key go to the dead letters, before the checkpoint passes them, and everything else flows. Anything
//! else ends the feed, with the checkpoint before the trouble. May be dropped at any point: what has been written is written
//! again, and changes nothing.

mod healing;
mod patience;
mod totals;

use std::sync::Arc;
use std::time::Duration;

use chimera_log::{EventLog, Partition, RawRecord};
use chimera_stores::{Checkpoint, StoreError};
use metrics::{Counter, Histogram, counter, histogram};
use tokio::time::{Instant, timeout_at};

use crate::backoff::Backoff;
use crate::dead_letters::{Class, Letter, MOST_LETTERS, Parked, Queue};
use crate::error::Halt;
use crate::metric_names as names;
use crate::progress::Progress;
use crate::projector::{Projected, Projector};
use crate::source::Source;
use crate::target::{Target, Writes};
use patience::Ended;

/// How many events may pass that write nothing before the checkpoint follows.
const SAVE_AFTER: u64 = 10_000;
/// How many records at the head of a batch are looked at for the time of the oldest.
const LOOKED_AT: usize = 16;

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
    pub(crate) letters: Letters,
    pub(crate) log: Arc<dyn EventLog>,
}

/// Where a feed stands.
pub(crate) struct Position {
    /// The sequence that comes next.
    pub(crate) next: u64,
    /// The last one to apply; none to follow the tail for ever.
    pub(crate) upto: Option<u64>,
    /// Up to where the stores' checkpoints stand.
    pub(crate) saved: u64,
    /// When that was last known to be so.
    pub(crate) known_at: Instant,
}

/// The dead letters of the partition.
pub(crate) struct Letters {
    queue: Queue,
    parked: Parked,
    /// When to look for requests again; none while there is nothing that could be asked for.
    look_at: Option<Instant>,
}

impl Letters {
    pub(crate) fn new(queue: Queue) -> Self {
        Self { queue, parked: Parked::default(), look_at: None }
    }
}

/// What a feed counts.
pub(crate) struct Meters {
    model: &'static str,
    events: Counter,
    batch: Histogram,
    apply: Histogram,
    retries: Counter,
}

impl Meters {
    pub(crate) fn new(model: &'static str) -> Self {
        Self {
            model,
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
        let mut backoff = Backoff::default();
        let mut open = false;
        loop {
            let ended = if open { self.pump(&mut source).await } else { self.open().await };
            match ended {
                Ok(()) if open => return Ok(()),
                Ok(()) => open = true,
                Err(Ended::Halt(halt)) => return Err(*halt),
                Err(Ended::WentBack(why)) => {
                    self.go_back(&why, &mut backoff).await?;
                    source.restart();
                    open = false;
                }
            }
        }
    }

    async fn pump(&mut self, source: &mut Source) -> Result<(), Ended> {
        // Counts from the first event that was passed over, however many follow.
        let mut save_by = None;
        while self.position.upto.is_none_or(|upto| self.position.next <= upto) {
            self.look_for_requests().await?;
            let is_behind = self.applied() > self.position.saved;
            save_by = is_behind.then(|| save_by.unwrap_or(Instant::now() + self.save_within));
            let gathered = self.gather(source);
            let idle = patience::LOOK_AGAIN_AFTER;
            let deadline = earlier(save_by, self.letters.look_at).unwrap_or(Instant::now() + idle);
            match timeout_at(deadline, gathered).await {
                Ok(records) => self.take(records?).await?,
                Err(_nothing_came) => {
                    self.save().await?;
                    self.look_whether_gone_back(idle).await?;
                    self.progress.store_answers();
                }
            }
        }
        self.save().await
    }

    /// Up to where everything is written, parked, or of no concern.
    fn applied(&self) -> u64 {
        self.position.next - 1
    }

    async fn gather(&self, source: &mut Source) -> Result<Vec<RawRecord>, Ended> {
        let mut backoff = Backoff::default();
        loop {
            match source.next(self.position.next).await {
                Ok(records) => return Ok(records),
                Err(error) => self.wait_for_log(error, &mut backoff).await?,
            }
        }
    }

    async fn take(&mut self, mut records: Vec<RawRecord>) -> Result<(), Ended> {
        if let Some(upto) = self.position.upto {
            records.retain(|record| record.sequence <= upto);
        }
        let mut looked_at = records.iter().take(LOOKED_AT);
        let oldest = looked_at.find_map(|record| self.projector.recorded_at(record));
        if let Some(since) = oldest {
            self.progress.behind(since);
        }
        let Projected { writes, recorded, letters } = self.project(&records).await?;
        self.park(letters).await?;
        let last = self.applied() + records.len() as u64;
        if !writes.is_empty() || last - self.position.saved >= SAVE_AFTER {
            match self.write(&writes, Some(last)).await {
                Err(Refused::Refused(_)) => self.one_by_one(&records, last).await?,
                Err(Refused::Ended(ended)) => return Err(ended),
                Ok(()) => {}
            }
        }
        self.position.next = last + 1;
        self.meters.events.increment(records.len() as u64);
        self.progress.advance(last, recorded.or(oldest));
        Ok(())
    }

    /// What the store refuses of a batch is found by giving it each event alone; that one is parked.
    async fn one_by_one(&mut self, records: &[RawRecord], last: u64) -> Result<(), Ended> {
        self.projector.forget();
        for record in records {
            let projected = self.project(std::slice::from_ref(record)).await?;
            self.park(projected.letters).await?;
            if projected.writes.is_empty() {
                continue;
            }
            match self.write(&projected.writes, None).await {
                Ok(()) => {}
                Err(Refused::Refused(why)) => {
                    self.projector.forget();
                    self.park(vec![Letter::new(record, Class::Rejected, &why)]).await?;
                }
                Err(Refused::Ended(ended)) => return Err(ended),
            }
        }
        self.write_or_halt(&Writes::default(), last).await
    }

    async fn project(&mut self, records: &[RawRecord]) -> Result<Projected, Ended> {
        let mut backoff = Backoff::default();
        loop {
            let parked = &self.letters.parked;
            match self.projector.project(records, parked, &self.target).await {
                Ok(projected) => return Ok(projected),
                Err(error) => self.wait_to_project(error, &mut backoff).await?,
            }
        }
    }

    /// Puts letters into the queue, and then counts with them.
    async fn park(&mut self, mut letters: Vec<Letter>) -> Result<(), Ended> {
        if letters.is_empty() {
            return Ok(());
        }
        if self.letters.parked.letters() + letters.len() > MOST_LETTERS {
            return Err(self.too_many());
        }
        self.put(&mut letters).await?;
        for letter in &letters {
            self.tell(letter);
            self.letters.parked.add(letter);
        }
        self.count_parked();
        Ok(())
    }

    fn tell(&self, letter: &Letter) {
        let model = self.meters.model;
        counter!(names::DLQ_PARKED, "model" => model, "class" => letter.class.name()).increment(1);
        if letter.class != Class::Waiting {
            let Letter { sequence, key, event_type, error, .. } = letter;
            tracing::error!(
                view = %self.target.view(), partition = %self.partition, sequence, key, event_type, error,
                "an event cannot be applied; its aggregate waits among the dead letters"
            );
        }
    }

    /// Shows what waits, and looks for requests as long as something does.
    fn count_parked(&mut self) {
        let Letters { parked, look_at, .. } = &mut self.letters;
        self.progress.set_parked(parked.aggregates(), parked.events());
        if !parked.is_empty() && look_at.is_none() {
            *look_at = Some(Instant::now() + healing::LOOK_EVERY);
        }
    }

    fn too_many(&self) -> Ended {
        let (view, partition) = (self.target.view(), self.partition.clone());
        Halt::TooManyLetters { view, partition, applied: self.applied() }.into()
    }

    /// Everything given, then the checkpoint `upto`, if one is due.
    async fn write(&mut self, writes: &Writes, upto: Option<u64>) -> Result<(), Refused> {
        let Partition { stream, index } = self.partition.clone();
        let checkpoint = upto.map(|sequence| Checkpoint { stream, partition: index, sequence });
        let mut backoff = Backoff::default();
        self.look_whether_gone_back(patience::BELIEVED_FOR).await?;
        let started = Instant::now();
        while let Err(error) = self.target.write(writes, checkpoint.as_slice()).await {
            match error {
                StoreError::Rejected(why) if !writes.is_empty() => {
                    return Err(Refused::Refused(why));
                }
                error => self.wait_for_store(error, &mut backoff).await?,
            }
        }
        self.position.known_at = Instant::now();
        self.meters.apply.record(started.elapsed().as_secs_f64() * 1000.0);
        if let Some(last) = upto {
            #[expect(clippy::cast_precision_loss, reason = "a histogram; far below 2⁵³")]
            self.meters.batch.record(last.saturating_sub(self.position.saved) as f64);
            self.position.saved = last;
        }
        Ok(())
    }

    async fn write_or_halt(&mut self, writes: &Writes, last: u64) -> Result<(), Ended> {
        match self.write(writes, Some(last)).await {
            Ok(()) => Ok(()),
            Err(Refused::Refused(why)) => Err(self.halt(StoreError::Rejected(why))),
            Err(Refused::Ended(ended)) => Err(ended),
        }
    }

    /// Brings the checkpoint up to what was passed over.
    async fn save(&mut self) -> Result<(), Ended> {
        let applied = self.applied();
        if applied > self.position.saved {
            self.write_or_halt(&Writes::default(), applied).await?;
        }
        Ok(())
    }
}

/// Why something is not written.
enum Refused {
    /// The store will never take it.
    Refused(String),
    Ended(Ended),
}

impl From<Ended> for Refused {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
