//! The feeds of one view in this process: one for each partition that is given to it, each for itself. Those that come start,
//! those that go end, and the others do not notice.
//!
//! A feed always begins at the checkpoint in the store, so whoever had the partition before, and however it ended, nothing is
//! left out; what is applied twice changes nothing. Never decides which partitions are given, nor which view is live.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chimera_log::{Ownership, Partition, Share};
use chimera_stores::Checkpoint;
use tokio::sync::watch::error::RecvError;
use tokio::sync::{Mutex, oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::backoff::Backoff;
use crate::error::Halt;
use crate::feeder::{Feeder, Leg};
use crate::positions::Positions;
use crate::target::{Target, Writes};

/// How often the group is told how far its feeds are.
const TELL_EVERY: Duration = Duration::from_millis(500);
/// How long a feed that ends may take to save its checkpoint. Without it a little is applied again.
const SAVE_AT_MOST: Duration = Duration::from_secs(1);
/// How long the end of a partition, as it is known here, may be behind what another process has applied.
const NEWS_AT_MOST: Duration = Duration::from_secs(10);

/// The feeds of one view.
pub(crate) struct Crew {
    feeder: Feeder,
    target: Target,
    positions: Positions,
    share: Arc<dyn Share>,
    feeds: JoinSet<Result<(), Halt>>,
    /// What ends each of them.
    stops: BTreeMap<Partition, oneshot::Sender<()>>,
    creating: Arc<Mutex<()>>,
}

impl Crew {
    pub(crate) fn new(
        feeder: Feeder,
        target: Target,
        positions: Positions,
        share: Arc<dyn Share>,
    ) -> Self {
        let (feeds, stops) = (JoinSet::new(), BTreeMap::new());
        Self { feeder, target, positions, share, feeds, stops, creating: Arc::default() }
    }

    /// Feeds what is given, for as long as it is. Ends with what a person must put right, and may be dropped; then
    /// [`Crew::dismiss`] it.
    pub(crate) async fn keep(&mut self) -> Halt {
        match self.feed_given().await {
            Ok(never) => match never {},
            Err(halt) => halt,
        }
    }

    async fn feed_given(&mut self) -> Result<Infallible, Halt> {
        self.create().await?;
        let mut given = self.share.given();
        given.mark_changed();
        let mut ticks = interval(TELL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Ok(now) = changed(&mut given) => self.change_to(&now).await?,
                Some(ended) = self.feeds.join_next() => self.ended(ended)?,
                _ = ticks.tick() => self.tell(),
            }
        }
    }

    /// Ends all feeds, each with its checkpoint saved where the store takes it soon.
    pub(crate) async fn hand_over(&mut self) -> Result<(), Halt> {
        self.tell();
        self.stop(|_| true).await
    }

    /// Ends all feeds where they are.
    pub(crate) async fn dismiss(mut self) {
        self.feeds.shutdown().await;
    }

    /// The view, made where it is missing. A store that cannot answer now is asked again.
    async fn create(&self) -> Result<(), Halt> {
        let view = self.target.view();
        let mut backoff = Backoff::default();
        while let Err(source) = self.target.create().await {
            let halt = Halt::View { view, source };
            again(halt, &mut backoff).await?;
        }
        Ok(())
    }

    async fn change_to(&mut self, given: &Ownership) -> Result<(), Halt> {
        for partition in given {
            if !self.stops.contains_key(partition) {
                self.start(partition);
            }
        }
        self.stop(|partition| !given.contains(partition)).await?;
        self.positions.give(self.target.model().name, given);
        Ok(())
    }

    fn start(&mut self, partition: &Partition) {
        let (stop, stopped) = oneshot::channel();
        let one = One {
            feeder: self.feeder.clone(),
            target: self.target.clone(),
            positions: self.positions.clone(),
            partition: partition.clone(),
            creating: Arc::clone(&self.creating),
        };
        self.stops.insert(partition.clone(), stop);
        self.feeds.spawn(one.feed_until(stopped));
    }

    /// Ends the feeds of these partitions, and waits until they have.
    async fn stop(&mut self, which: impl Fn(&Partition) -> bool) -> Result<(), Halt> {
        let before = self.stops.len();
        self.stops.retain(|partition, _| !which(partition));
        // Their senders are gone, which is what they wait for.
        for _ in self.stops.len()..before {
            if let Some(ended) = self.feeds.join_next().await {
                self.ended(ended)?;
            }
        }
        Ok(())
    }

    fn ended(&self, ended: Result<Result<(), Halt>, JoinError>) -> Result<(), Halt> {
        ended.map_err(|_| Halt::Task { view: self.target.view() })?
    }

    /// Tells the group how far the feeds are.
    fn tell(&self) {
        for partition in self.stops.keys() {
            if let Some(applied) = self.positions.applied(self.target.model().name, partition) {
                self.share.applied(partition, applied);
            }
        }
    }
}

/// The next thing that is given; an error once nothing will change any more.
async fn changed(given: &mut watch::Receiver<Option<Ownership>>) -> Result<Ownership, RecvError> {
    loop {
        given.changed().await?;
        if let Some(now) = &*given.borrow_and_update() {
            return Ok(now.clone());
        }
    }
}

/// Waits where it may work the next time.
pub(crate) async fn again(halt: Halt, backoff: &mut Backoff) -> Result<(), Halt> {
    if !halt.may_pass() {
        return Err(halt);
    }
    if backoff.failures() == 0 {
        tracing::warn!(error = %halt, "trying again until it works");
    }
    backoff.wait(false).await;
    Ok(())
}

/// One partition of the view.
struct One {
    feeder: Feeder,
    target: Target,
    positions: Positions,
    partition: Partition,
    creating: Arc<Mutex<()>>,
}

impl One {
    /// Feeds until it is told to end, or until something is wrong that does not pass.
    async fn feed_until(self, stopped: oneshot::Receiver<()>) -> Result<(), Halt> {
        tokio::select! {
            ended = self.feed_on() => return ended,
            _ = stopped => {}
        }
        self.save().await;
        Ok(())
    }

    /// Begins again at the checkpoint in the store, as often as it has to: a store may have lost what it had confirmed.
    async fn feed_on(&self) -> Result<(), Halt> {
        let mut backoff = Backoff::default();
        let mut begun = 0;
        loop {
            let Err(halt) = self.feed(backoff.failures() > 0).await else { return Ok(()) };
            let applied = self.applied();
            if applied > begun {
                backoff = Backoff::default();
            }
            begun = applied;
            if matches!(halt, Halt::View { .. }) && halt.may_pass() {
                self.positions.no_answer(self.target.model().name, &self.partition);
            }
            again(halt, &mut backoff).await?;
        }
    }

    async fn feed(&self, is_again: bool) -> Result<(), Halt> {
        let view = self.target.view();
        let failed = |source| Halt::View { view, source };
        if is_again {
            let _one_after_the_other = self.creating.lock().await;
            self.target.create().await.map_err(failed)?;
        }
        let applied = self.target.applied().await.map_err(failed)?;
        let applied = applied.get(&self.partition).copied().unwrap_or(0);
        self.hear_of(applied).await?;
        let leg = Leg { partition: self.partition.clone(), from: applied + 1, upto: None };
        let (feed, source) = self.feeder.prepare(&self.target, &leg, &self.positions)?;
        feed.run(source).await
    }

    /// What another process has applied may be news here.
    async fn hear_of(&self, sequence: u64) -> Result<(), Halt> {
        let end = self.feeder.log().high_watermark(&self.partition);
        let mut end = end.map_err(|source| Halt::of_log(self.target.view(), source))?;
        // If it does not come, the view is not of this log, which is found next.
        let _ = timeout(NEWS_AT_MOST, end.wait_for(|end| *end >= sequence)).await;
        Ok(())
    }

    fn applied(&self) -> u64 {
        self.positions.applied(self.target.model().name, &self.partition).unwrap_or(0)
    }

    /// Saves how far it has come, and counts no longer as fed here.
    async fn save(&self) {
        let Some(sequence) = self.positions.release(self.target.model().name, &self.partition)
        else {
            return;
        };
        let Partition { stream, index } = self.partition.clone();
        let checkpoint = Checkpoint { stream, partition: index, sequence };
        let nothing = Writes::default();
        let saved =
            timeout(SAVE_AT_MOST, self.target.write(&nothing, std::slice::from_ref(&checkpoint)))
                .await;
        if !matches!(saved, Ok(Ok(()))) {
            let (view, partition) = (self.target.view(), &self.partition);
            tracing::info!(%view, %partition, "some events will be applied once more");
        }
    }
}
