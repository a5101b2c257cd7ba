//! Where every read model stands in every partition, for reads that wait, for health and for lag.
//!
//! Feeds register here and move their own progress; everybody else only looks or waits.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use chimera_domain::time::Timestamp;
use chimera_log::Partition;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::lag::Lag;
use crate::progress::Progress;

/// The positions of all read models of this process. Cheap to clone; clones share everything.
#[derive(Debug, Clone, Default)]
pub struct Positions {
    models: Arc<RwLock<BTreeMap<&'static str, Standing>>>,
}

#[derive(Debug, Default)]
struct Standing {
    partitions: BTreeMap<Partition, Arc<Progress>>,
    halted: Option<Arc<str>>,
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
        let Some(progress) = self.find(model, partition)? else {
            return Ok(());
        };
        let mut applied = progress.watch();
        let reached = timeout_at(deadline, applied.wait_for(|applied| *applied >= sequence));
        if matches!(reached.await, Ok(Ok(_))) {
            return Ok(());
        }
        Err(WaitError::NotCaughtUp { applied: progress.applied(), wanted: sequence })
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
        if let Some(progress) = standing.partitions.get(partition) {
            progress.restart(applied);
            return progress.clone();
        }
        let progress = Arc::new(Progress::new(applied, high));
        standing.partitions.insert(partition.clone(), progress.clone());
        progress
    }

    /// Notes why `model` has stopped.
    pub(crate) fn halt(&self, model: &'static str, reason: &str) {
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        models.entry(model).or_default().halted = Some(reason.into());
    }

    fn find(&self, model: &str, partition: &Partition) -> Result<Option<Arc<Progress>>, WaitError> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        let fed = models.get(model).map(|standing| &standing.partitions);
        if let Some(progress) = fed.and_then(|fed| fed.get(partition)) {
            return Ok(Some(progress.clone()));
        }
        let others = fed.filter(|fed| !fed.is_empty());
        if others.is_some_and(|fed| fed.keys().all(|other| other.stream != partition.stream)) {
            return Ok(None);
        }
        Err(WaitError::NotFed { model: model.to_owned(), partition: partition.clone() })
    }
}
