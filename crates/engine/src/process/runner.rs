//! Runs a process over one partition: in order per aggregate, many aggregates at once, each event until it succeeds.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::{Aggregate, DomainEvent};
use chimera_domain::recorded::Recorded;
use chimera_log::{Bookmarks, EventLog, Partition, RawRecord};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Process, ProcessOptions};
use crate::patience;

/// How long steps that are under way may take when the process ends; a repeat is harmless.
const LAST_STEPS: Duration = Duration::from_secs(2);

type Event<P> = Recorded<<<P as Process>::Source as Aggregate>::Event>;

/// A process on one partition.
pub struct ProcessRunner<P: Process> {
    /// What it does.
    pub process: Arc<P>,
    /// Where its events come from.
    pub log: Arc<dyn EventLog>,
    /// Where it keeps how far it has come.
    pub bookmarks: Arc<dyn Bookmarks>,
    /// Reads its events.
    pub codec: Arc<StreamCodec<<P::Source as Aggregate>::Event>>,
    /// Which partition of the stream.
    pub partition: Partition,
    /// How it is run.
    pub options: ProcessOptions,
    /// Announces how far it has come.
    pub position: watch::Sender<u64>,
    /// Turns true when it shall end.
    pub stop: watch::Receiver<bool>,
}

/// What is under way.
struct InFlight<P: Process> {
    tasks: JoinSet<(Arc<str>, u64)>,
    /// Later events of aggregates that are being worked on.
    waiting: HashMap<Arc<str>, VecDeque<Event<P>>>,
    /// Events that nothing holds back but the limit of what is worked on at once.
    ready: VecDeque<Event<P>>,
    /// The sequences that are not done.
    open: BTreeSet<u64>,
    /// The last sequence that was read.
    read: u64,
    saved: u64,
}

impl<P: Process> InFlight<P> {
    /// Up to and with which sequence everything is done.
    fn done(&self) -> u64 {
        self.open.first().map_or(self.read, |first| first - 1)
    }
}

impl<P: Process> ProcessRunner<P> {
    /// Works until it is told to stop; then lets what is under way finish, and saves where it is.
    ///
    /// # Errors
    /// Text for an operator, if the partition cannot be read or decoded.
    pub async fn run(mut self) -> Result<(), String> {
        let saved = self.begin().await?;
        let mut work: InFlight<P> = InFlight {
            tasks: JoinSet::new(),
            waiting: HashMap::new(),
            ready: VecDeque::new(),
            open: BTreeSet::new(),
            read: saved,
            saved,
        };
        self.position.send_replace(saved);
        let outcome = self.consume(&mut work).await;
        work.ready.clear();
        work.waiting.clear();
        let rest = async {
            while let Some(Ok((_, sequence))) = work.tasks.join_next().await {
                work.open.remove(&sequence);
            }
        };
        if tokio::time::timeout(LAST_STEPS, rest).await.is_err() {
            tracing::info!(
                process = self.process.name(),
                "steps under way are left to the next start"
            );
        }
        self.save(&mut work).await;
        outcome
    }

    /// Where to begin: the saved position, or the start where it is that of another, longer log.
    async fn begin(&self) -> Result<u64, String> {
        let (process, partition) = (self.process.name(), &self.partition);
        let saved = self.bookmarks.find(process, partition).await?;
        let end = self.log.high_watermark(partition).map_err(|error| error.to_string())?;
        let end = *end.borrow();
        if saved > end {
            tracing::warn!(process, %partition, saved, end, "the saved position is beyond the log; beginning anew");
            return Ok(0);
        }
        Ok(saved)
    }

    async fn consume(&mut self, work: &mut InFlight<P>) -> Result<(), String> {
        let mut stop = self.stop.clone();
        let mut reader = tokio::select! {
            () = told(&mut stop) => return Ok(()),
            reader = patience::reader(&*self.log, &self.partition, work.read + 1) => reader?,
        };
        let mut save = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = told(&mut stop) => return Ok(()),
                Some(done) = work.tasks.join_next() => {
                    self.finish(work, done.map_err(|error| error.to_string())?);
                }
                _ = save.tick() => self.save(work).await,
                batch = patience::next(&mut *reader), if work.open.len() < self.options.concurrency * 4 => {
                    for record in &batch?.records {
                        self.take(work, record)?;
                    }
                }
            }
            self.announce(work).await;
        }
    }

    fn take(&self, work: &mut InFlight<P>, record: &RawRecord) -> Result<(), String> {
        if !self.wants(&record.event_type) {
            work.read = record.sequence;
            return Ok(());
        }
        let event = self.codec.decode(self.partition.index, &record.value).map_err(|error| {
            format!("{} at sequence {}: {error}", self.partition, record.sequence)
        })?;
        work.open.insert(record.sequence);
        work.read = record.sequence;
        if let Some(queue) = work.waiting.get_mut(&event.key) {
            queue.push_back(event);
            return Ok(());
        }
        work.waiting.insert(Arc::clone(&event.key), VecDeque::new());
        work.ready.push_back(event);
        self.start_what_is_ready(work);
        Ok(())
    }

    /// Also a type that this release does not know, which then cannot be decoded: it might matter to the process.
    fn wants(&self, event_type: &[u8]) -> bool {
        let types = <P::Source as Aggregate>::Event::TYPES;
        match types.iter().find(|known| known.as_bytes() == event_type) {
            Some(known) => self.process.wants(known),
            None => true,
        }
    }

    fn start_what_is_ready(&self, work: &mut InFlight<P>) {
        while work.tasks.len() < self.options.concurrency {
            let Some(event) = work.ready.pop_front() else { return };
            self.start(work, event);
        }
    }

    fn start(&self, work: &mut InFlight<P>, event: Event<P>) {
        let (process, options) = (Arc::clone(&self.process), self.options);
        work.tasks.spawn(async move {
            handle(&*process, &event, options).await;
            (event.key, event.meta.sequence)
        });
    }

    fn finish(&self, work: &mut InFlight<P>, (key, sequence): (Arc<str>, u64)) {
        work.open.remove(&sequence);
        let next = work.waiting.get_mut(&key).and_then(VecDeque::pop_front);
        match next {
            Some(event) => work.ready.push_back(event),
            None => {
                work.waiting.remove(&key);
            }
        }
        self.start_what_is_ready(work);
    }

    async fn announce(&self, work: &mut InFlight<P>) {
        let done = work.done();
        self.position.send_if_modified(|position| std::mem::replace(position, done) != done);
        if done >= work.saved + self.options.save_every {
            self.save(work).await;
        }
    }

    /// Saves the position. One that cannot be saved only makes a restart repeat what is harmless.
    async fn save(&self, work: &mut InFlight<P>) {
        let done = work.done();
        if done == work.saved {
            return;
        }
        work.saved = done;
        let process = self.process.name();
        if let Err(error) = self.bookmarks.keep(process, &self.partition, done).await {
            tracing::warn!(process, partition = %self.partition, %error, "a position was not saved; a restart repeats some steps");
        }
    }
}

async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|&stop| stop).await;
}

/// Handles one event until it succeeds.
async fn handle<P: Process>(process: &P, event: &Event<P>, options: ProcessOptions) {
    let mut pause = options.first_pause;
    while let Err(unfinished) = process.handle(event).await {
        tracing::warn!(
            process = process.name(),
            key = &*event.key,
            sequence = event.meta.sequence,
            reason = unfinished.0,
            "a step could not be done yet; trying again"
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(options.longest_pause);
    }
}
