//! Where every read model stands in every partition, for reads that wait, for health and for lag.
//!
//! Feeds register here and move their own progress; everybody else only looks or waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use chimera_domain::time::Timestamp;
use chimera_log::{Ownership, Partition};
use chimera_model::ReadModel;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::elsewhere::Elsewhere;
use crate::error::Halt;
use crate::lag::Lag;
use crate::progress::Progress;

/// The positions of all read models. Cheap to clone; clones share everything.
#[derive(Clone, Default)]
pub struct Positions {
    models: Arc<RwLock<BTreeMap<&'static str, Standing>>>,
    /// Where to look for what other processes feed; none where each process feeds everything.
    elsewhere: Option<Arc<Elsewhere>>,
}

#[derive(Default)]
struct Standing {
    partitions: BTreeMap<Partition, Arc<Progress>>,
    /// None until it is known.
    given: Option<Ownership>,
    /// Given, and not fed yet because the store that says from where does not answer.
    unanswered: BTreeSet<Partition>,
    halted: Option<Arc<str>>,
}

impl Standing {
    /// What is given and not fed yet; none until it is known what is given.
    fn missing(&self) -> Option<impl Iterator<Item = &Partition>> {
        let given = self.given.as_ref()?;
        Some(given.iter().filter(|partition| !self.partitions.contains_key(*partition)))
    }
}

/// How far one partition is applied to a read model, wherever that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Which.
    pub partition: Partition,
    /// Up to where: exactly if it is fed here, else at least.
    pub applied: u64,
    /// Whether this process feeds it.
    pub is_here: bool,
}

/// Why a position has not been reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// The deadline has passed.
    #[error("applied up to sequence {applied}, not yet up to {wanted}")]
    NotCaughtUp {
        /// Up to where it has been applied.
        applied: u64,
        /// Up to where it should have been.
        wanted: u64,
    },
    /// This process doesn't feed that read model from that partition, or not yet.
    #[error("{partition} is not being applied to {model} here")]
    NotFed {
        /// Which read model.
        model: String,
        /// Which partition.
        partition: Partition,
    },
}

impl Positions {
    /// Waits until `model` has applied, or passed over, everything up to `sequence` of `partition`. A stream that the model
    /// does not read changes nothing in it, so there is nothing to wait for.
    ///
    /// # Errors
    /// See [`WaitError`].
    pub async fn wait_until(
        &self,
        model: &str,
        partition: &Partition,
        sequence: u64,
        deadline: Instant,
    ) -> Result<(), WaitError> {
        let reached = timeout_at(deadline, self.reached(model, partition, sequence));
        reached.await.unwrap_or_else(|_| {
            let applied = self.last_known(model, partition);
            Err(WaitError::NotCaughtUp { applied, wanted: sequence })
        })
    }

    /// A partition may come here or go elsewhere meanwhile.
    async fn reached(
        &self,
        model: &str,
        partition: &Partition,
        sequence: u64,
    ) -> Result<(), WaitError> {
        loop {
            match self.find(model, partition)? {
                Found::Unread => return Ok(()),
                Found::Here(mut applied) => {
                    if applied.wait_for(|applied| *applied >= sequence).await.is_ok() {
                        return Ok(());
                    }
                }
                Found::Elsewhere(elsewhere, model) => {
                    let is_here = || matches!(self.find(model.name, partition), Ok(Found::Here(_)));
                    if elsewhere.reaches(model, (partition, sequence), is_here).await {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn last_known(&self, model: &str, partition: &Partition) -> u64 {
        let here = self.applied(model, partition);
        let elsewhere = self.elsewhere.as_ref().map(|other| other.last_seen(model, partition));
        here.or(elsewhere).unwrap_or(0)
    }

    /// How far every partition is applied to `model`, also those that other processes feed.
    ///
    /// # Errors
    /// If the stores or the log cannot answer.
    pub async fn everywhere(&self, model: &'static ReadModel) -> Result<Vec<Reach>, Halt> {
        let mut reaches = BTreeMap::new();
        if let Some(elsewhere) = &self.elsewhere {
            for (partition, applied) in elsewhere.of_all(model).await? {
                let reach = Reach { partition: partition.clone(), applied, is_here: false };
                reaches.insert(partition, reach);
            }
        }
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        for (partition, progress) in models.get(model.name).iter().flat_map(|it| &it.partitions) {
            let (partition, applied) = (partition.clone(), progress.applied());
            reaches.insert(partition.clone(), Reach { partition, applied, is_here: true });
        }
        Ok(reaches.into_values().collect())
    }

    /// Whether it is known what of `model` this process has to feed, which may be nothing, and all of that is being fed.
    #[must_use]
    pub fn is_fed(&self, model: &str) -> bool {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        let missing = models.get(model).and_then(Standing::missing);
        missing.is_some_and(|mut missing| missing.next().is_none())
    }

    /// Whether only a store that does not answer keeps this process from feeding all of `model` that it has to feed.
    #[must_use]
    pub fn waits_to_be_fed(&self, model: &str) -> bool {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        models.get(model).is_some_and(|standing| {
            let missing = standing.missing();
            missing.is_some_and(|mut missing| missing.all(|it| standing.unanswered.contains(it)))
        })
    }

    /// Up to where `model` has applied `partition`; none where it is not fed from it here.
    #[must_use]
    pub fn applied(&self, model: &str, partition: &Partition) -> Option<u64> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        Some(models.get(model)?.partitions.get(partition)?.applied())
    }

    /// Why `model` has stopped; none while it runs.
    #[must_use]
    pub fn halted(&self, model: &str) -> Option<Arc<str>> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        models.get(model)?.halted.clone()
    }

    /// How far each read model is behind in each partition.
    #[must_use]
    pub fn lags(&self, now: Timestamp) -> Vec<Lag> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        let mut lags = vec![];
        for (model, standing) in &*models {
            for (partition, progress) in &standing.partitions {
                lags.push(Lag {
                    model,
                    partition: partition.clone(),
                    applied: progress.applied(),
                    events: progress.events_behind(),
                    micros: progress.micros_behind(now),
                    halted: standing.halted.clone(),
                    parked: progress.parked(),
                    store: progress.store(),
                });
            }
        }
        lags
    }

    /// The progress of a feed that starts after `applied`; watchers of an earlier feed go on with this one.
    pub(crate) fn register(
        &self,
        model: &'static str,
        partition: &Partition,
        applied: u64,
        high: watch::Receiver<u64>,
    ) -> Arc<Progress> {
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        let standing = models.entry(model).or_default();
        standing.halted = None;
        let waited = standing.unanswered.remove(partition);
        if let Some(progress) = standing.partitions.get(partition) {
            progress.restart(applied);
            return progress.clone();
        }
        let progress = Arc::new(Progress::new(applied, high));
        if waited {
            progress.wait_for_store();
            progress.store_answers();
        }
        standing.partitions.insert(partition.clone(), progress.clone());
        progress
    }

    /// Positions that are looked for elsewhere too.
    pub(crate) fn shared(self, elsewhere: Elsewhere) -> Self {
        Self { elsewhere: Some(Arc::new(elsewhere)), ..self }
    }

    /// From now on these partitions are fed here; of others nothing is known here any more.
    pub(crate) fn give(&self, model: &'static str, given: &Ownership) {
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        let standing = models.entry(model).or_default();
        standing.partitions.retain(|partition, _| given.contains(partition));
        standing.unanswered.retain(|partition| given.contains(partition));
        standing.given = Some(given.clone());
    }

    /// The store does not say from where to feed the partition.
    pub(crate) fn no_answer(&self, model: &'static str, partition: &Partition) {
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        models.entry(model).or_default().unanswered.insert(partition.clone());
    }

    /// The partition is not fed here any more; up to where it has been applied. Whoever waits for it here is told.
    pub(crate) fn release(&self, model: &str, partition: &Partition) -> Option<u64> {
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        let progress = models.get_mut(model)?.partitions.remove(partition)?;
        Some(progress.applied())
    }

    /// Notes why `model` has stopped.
    pub(crate) fn halt(&self, model: &'static str, reason: &str) {
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        models.entry(model).or_default().halted = Some(reason.into());
    }

    fn find(&self, model: &str, partition: &Partition) -> Result<Found<'_>, WaitError> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        let standing = models.get(model);
        let fed = standing.map(|standing| &standing.partitions);
        // What has stopped here goes on elsewhere.
        let goes_on = self.elsewhere.is_none() || standing.is_none_or(|it| it.halted.is_none());
        if goes_on && let Some(progress) = fed.and_then(|fed| fed.get(partition)) {
            return Ok(Found::Here(progress.watch()));
        }
        if let (Some(elsewhere), Some(model)) = (&self.elsewhere, Elsewhere::model(model)) {
            let is_read = model.streams().contains(&&*partition.stream);
            return Ok(if is_read { Found::Elsewhere(elsewhere, model) } else { Found::Unread });
        }
        // Not what is fed so far: feeds start one after the other.
        let given = standing.and_then(|standing| standing.given.as_ref());
        let given = given.filter(|given| !given.is_empty());
        if given.is_some_and(|given| given.iter().all(|other| other.stream != partition.stream)) {
            return Ok(Found::Unread);
        }
        Err(WaitError::NotFed { model: model.to_owned(), partition: partition.clone() })
    }
}

/// Where to wait for a partition.
enum Found<'a> {
    /// Nowhere: the model does not read it.
    Unread,
    /// At its feed; ends when the partition goes to another process.
    Here(watch::Receiver<u64>),
    /// At the store.
    Elsewhere(&'a Elsewhere, &'static ReadModel),
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "order_details";

    #[tokio::test]
    async fn a_stream_whose_feed_has_not_started_yet_is_no_unread_one() {
        let (positions, soon) = (Positions::default(), Instant::now());
        let (order, product) = (Partition::new("order", 0), Partition::new("product", 0));
        let (_end, high) = watch::channel(7);
        positions.give(MODEL, &Ownership::from([order.clone(), product.clone()]));
        positions.register(MODEL, &product, 7, high);
        let waited = positions.wait_until(MODEL, &order, 3, soon).await;
        assert!(matches!(waited, Err(WaitError::NotFed { .. })), "{waited:?}");
        let stock = Partition::new("stock", 0);
        assert_eq!(positions.wait_until(MODEL, &stock, 3, soon).await, Ok(()));
    }
}
