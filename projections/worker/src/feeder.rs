//! The building block of live projection, rebuild and verification: feeds one view from given partitions, all at once.
//!
//! Knows nothing of which generation is live, and promotes nothing.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chimera_codec::CodecError;
use chimera_domain::time::Timestamp;
use chimera_log::{EventLog, Partition, ReadError, Share, Whole};
use chimera_model::ReadModel;
use chimera_stores::search::SearchStore;
use chimera_stores::{KvStore, RowStore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Clock;
use crate::dead_letters::{DeadLetters, LetterStore};
use crate::decode::Decoder;
use crate::error::Halt;
use crate::feed::{Feed, Letters, Meters, Position};
use crate::pace::Pace;
use crate::positions::Positions;
use crate::projector::Projector;
use crate::selection::Selection;
use crate::source::Source;
use crate::target::Target;

/// How much is projected and written at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A batch has at most this many events.
    pub events: usize,
    /// A batch of this many bytes is not made larger.
    pub bytes: usize,
    /// How long a checkpoint may stay behind events that wrote nothing, once there is nothing else to do.
    pub save_within: Duration,
}

impl Limits {
    /// Beside everything else that a node does: short pauses matter.
    pub const LIVE: Self =
        Self { events: 2048, bytes: 1024 * 1024, save_within: Duration::from_secs(1) };
    /// As live, where other processes wait for the checkpoint, since they see nothing else.
    pub const SHARED: Self = Self { save_within: Duration::from_millis(50), ..Self::LIVE };
    /// For a rebuild: throughput matters.
    pub const REBUILD: Self = Self { events: 8192, bytes: 8 * 1024 * 1024, ..Self::LIVE };
}

/// The stores that views lie in.
#[derive(Clone)]
pub struct Stores {
    /// For tables.
    pub rows: Arc<dyn RowStore>,
    /// For key-values.
    pub kv: Arc<dyn KvStore>,
    /// For documents.
    pub search: Arc<dyn SearchStore>,
}

/// One partition to feed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// Which.
    pub partition: Partition,
    /// The first sequence to apply, at least 1.
    pub from: u64,
    /// The last sequence to apply; none to follow the tail for ever.
    pub upto: Option<u64>,
}

/// Feeds views from a log. Cheap to clone.
#[derive(Clone)]
pub struct Feeder {
    log: Arc<dyn EventLog>,
    stores: Stores,
    letters: LetterStore,
    decoder: Arc<Decoder>,
    limits: Limits,
    selection: Option<Arc<Selection>>,
    pace: Option<Arc<Pace>>,
}

impl Feeder {
    /// A feeder that decodes with the schemas of the program.
    ///
    /// # Errors
    /// If one of the schemas does not parse, which the tests rule out.
    pub fn new(log: Arc<dyn EventLog>, stores: Stores, limits: Limits) -> Result<Self, CodecError> {
        let letters = LetterStore::new(stores.rows.clone(), Arc::new(now));
        let decoder = Arc::new(Decoder::bundled()?);
        Ok(Self { log, stores, letters, decoder, limits, selection: None, pace: None })
    }

    /// The same feeder with another clock, which says when events became dead letters.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        let letters = LetterStore::new(self.stores.rows.clone(), clock);
        Self { letters, ..self }
    }

    /// The dead letters of what this feeder feeds.
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.letters.clone(), self.log.clone(), self.decoder.clone())
    }

    /// The same feeder with another decoder, as one with the ids of a registry.
    #[must_use]
    pub fn with_decoder(self, decoder: Arc<Decoder>) -> Self {
        Self { decoder, ..self }
    }

    /// The same feeder for a part of the aggregates: everything else is passed over.
    #[must_use]
    pub fn only(self, selection: Selection) -> Self {
        Self { selection: Some(Arc::new(selection)), ..self }
    }

    /// The same feeder, with at most so many events a second over all that it feeds.
    #[must_use]
    pub fn paced(self, pace: Pace) -> Self {
        Self { pace: Some(Arc::new(pace)), ..self }
    }

    pub(crate) fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// The log that it reads.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    /// One generation of a read model in these stores; it need not be there yet.
    #[must_use]
    pub fn target(&self, model: &'static ReadModel, generation: u32) -> Target {
        Target::new(model, generation, &self.stores, self.letters.clone())
    }

    /// One leg for each partition that the target's model reads, from where the target stands. `upto` says where a leg ends.
    ///
    /// # Errors
    /// If the stores or the log cannot answer, or a stream is missing.
    pub async fn legs(
        &self,
        target: &Target,
        upto: impl Fn(&Partition) -> Option<u64>,
    ) -> Result<Vec<Leg>, Halt> {
        let view = target.view();
        let applied = target.applied().await.map_err(|source| Halt::View { view, source })?;
        let mut legs = vec![];
        let partitions = partitions_of(&*self.log, target.model());
        for partition in partitions.map_err(|source| Halt::of_log(view, source))? {
            let from = applied.get(&partition).map_or(1, |sequence| sequence + 1);
            let upto = upto(&partition);
            legs.push(Leg { partition, from, upto });
        }
        Ok(legs)
    }

    /// Starts feeding every leg at the same time, each in the order of its partition; progress is seen in `positions`. Ends
    /// when the last leg has; what ends with an error leaves the others running, so use [`Feeder::feed`] or stop them.
    ///
    /// # Errors
    /// If the log does not know a partition, or holds less of one than the view has applied.
    pub fn start(
        &self,
        target: &Target,
        legs: &[Leg],
        positions: &Positions,
    ) -> Result<JoinSet<Result<(), Halt>>, Halt> {
        let mut feeds = vec![];
        for leg in legs {
            feeds.push(self.prepare(target, leg, positions)?);
        }
        let mut tasks = JoinSet::new();
        for (feed, source) in feeds {
            tasks.spawn(feed.run(source));
        }
        Ok(tasks)
    }

    /// Feeds every leg to its end, or until the first error, which stops them all.
    ///
    /// # Errors
    /// See [`Halt`].
    pub async fn feed(
        &self,
        target: &Target,
        legs: &[Leg],
        positions: &Positions,
    ) -> Result<(), Halt> {
        let mut tasks = self.start(target, legs, positions)?;
        let ended = all_ended(target, &mut tasks).await;
        tasks.shutdown().await;
        ended
    }

    /// Carries out what was asked about the dead letters of a view, and feeds nothing. For programs that run while no worker does.
    ///
    /// # Errors
    /// See [`Halt`].
    pub async fn carry_out_requests(&self, target: &Target) -> Result<(), Halt> {
        let created = target.create().await;
        created.map_err(|source| Halt::View { view: target.view(), source })?;
        let legs = self.legs(target, |_| Some(0)).await?;
        self.feed(target, &legs, &Positions::default()).await
    }

    /// One leg, ready to run; its progress is seen in `positions`.
    ///
    /// # Errors
    /// As [`Feeder::start`].
    pub(crate) fn prepare(
        &self,
        target: &Target,
        leg: &Leg,
        positions: &Positions,
    ) -> Result<(Feed, Source), Halt> {
        let (model, view, partition) = (target.model(), target.view(), leg.partition.clone());
        let applied = leg.from.max(1) - 1;
        let high = self.log.high_watermark(&partition);
        let high = high.map_err(|source| Halt::of_log(view, source))?;
        let last = *high.borrow();
        if applied > last {
            return Err(Halt::Ahead { view, partition, applied, last });
        }
        let feed = Feed {
            target: target.clone(),
            projector: Projector::new(model, partition.clone(), self.decoder.clone())
                .only(self.selection.clone()),
            progress: positions.register(model.name, &partition, applied, high),
            partition: partition.clone(),
            position: Position {
                next: applied + 1,
                upto: leg.upto,
                saved: applied,
                known_at: Instant::now(),
            },
            meters: Meters::new(model.name),
            save_within: self.limits.save_within,
            letters: Letters::new(target.queue(&partition)),
            log: self.log.clone(),
        };
        let source = Source::new(self.log.clone(), partition, self.limits).upto(leg.upto);
        Ok((feed, source.paced(self.pace.clone())))
    }

    /// Everything that a model reads, for a process that feeds it alone.
    ///
    /// # Errors
    /// If the log cannot answer, or a stream is missing.
    pub(crate) fn whole(&self, model: &ReadModel) -> Result<Arc<dyn Share>, ReadError> {
        Ok(Arc::new(Whole::of(&self.log.streams()?, &model.streams())?))
    }
}

/// All partitions of the streams that a model reads.
pub(crate) fn partitions_of(
    log: &dyn EventLog,
    model: &ReadModel,
) -> Result<Vec<Partition>, ReadError> {
    let streams = log.streams()?;
    let mut partitions = vec![];
    for wanted in model.streams() {
        let Some(stream) = streams.iter().find(|stream| &*stream.name == wanted) else {
            return Err(ReadError::UnknownPartition(Partition::new(wanted, 0)));
        };
        let name = &stream.name;
        let each = (0..stream.partitions).map(|index| Partition { stream: name.clone(), index });
        partitions.extend(each);
    }
    Ok(partitions)
}

/// The time of the machine.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The first error of the tasks, or none when all have come to their end.
pub(crate) async fn all_ended(
    target: &Target,
    tasks: &mut JoinSet<Result<(), Halt>>,
) -> Result<(), Halt> {
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|_| Halt::Task { view: target.view() })??;
    }
    Ok(())
}
