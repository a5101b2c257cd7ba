//! How a read model stands, in figures that can be believed: wherever its partitions are fed, or if nobody feeds them.
//!
//! What is fed here is known here; of the rest the store knows how far it is, and the log how old the next event is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chimera_domain::time::Timestamp;
use chimera_log::Partition;
use chimera_model::ReadModel;

use crate::dead_letters::AskError;
use crate::error::may_pass;
use crate::feeder::{Feeder, partitions_of};
use crate::lag::{Lag, seconds};
use crate::positions::Positions;

/// How a read model stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub model: &'static str,
    /// The generation that readers see; none before the first.
    pub generation: Option<u32>,
    /// Why it is not fed any more by this process; none while it is, or if it is fed elsewhere.
    pub halted: Option<Arc<str>>,
    /// How many aggregates wait among the dead letters.
    pub parked_aggregates: u64,
    /// How many events of theirs.
    pub parked_events: u64,
    /// Why its store does not say how far it is; then only what is fed here is known.
    pub silent: Option<String>,
    /// Each partition that it reads.
    pub partitions: Vec<PartitionStanding>,
}

/// How far one partition is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionStanding {
    /// Which.
    pub partition: Partition,
    /// The last sequence that was applied.
    pub applied: u64,
    /// The last sequence of the log.
    pub end: u64,
    /// How old the next event is that is not applied, in microseconds; 0 when caught up, none if it cannot be read.
    pub micros: Option<i64>,
    /// For how long its feed, if that is here, has waited for the store; none while the store answers.
    pub waited: Option<Duration>,
}

impl Standing {
    /// How many events are not applied.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.partitions.iter().map(PartitionStanding::events).sum()
    }
}

impl PartitionStanding {
    /// How many events are not applied.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.end.saturating_sub(self.applied)
    }

    /// How old the next event is that is not applied, in seconds; none if it cannot be read.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        self.micros.map(seconds)
    }
}

impl Feeder {
    /// How the live `generation` of a model stands at `now`; `positions` are those of this process, empty where it feeds nothing.
    ///
    /// # Errors
    /// If the log or the dead letters cannot be read, or the stores, where nothing of the model is fed here.
    pub async fn standing(
        &self,
        model: &'static ReadModel,
        generation: Option<u32>,
        positions: &Positions,
        now: Timestamp,
    ) -> Result<Standing, AskError> {
        let mut standing = Standing {
            model: model.name,
            generation,
            halted: positions.halted(model.name),
            parked_aggregates: 0,
            parked_events: 0,
            silent: None,
            partitions: vec![],
        };
        let mut lags = positions.lags(now);
        lags.retain(|lag| lag.model == model.name);
        let mut stored = BTreeMap::new();
        if let Some(generation) = generation {
            let target = self.target(model, generation);
            match target.applied().await {
                Ok(applied) => stored = applied,
                Err(error) if may_pass(&error) && !lags.is_empty() => {
                    standing.silent = Some(error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
            let totals = self.dead_letters().totals(model, target.view()).await?;
            (standing.parked_aggregates, standing.parked_events) = totals;
        }
        for partition in partitions_of(&**self.log(), model)? {
            let here = lags.iter().find(|lag| lag.partition == partition);
            if here.is_none() && standing.silent.is_some() {
                continue;
            }
            let applied = stored.get(&partition).copied().unwrap_or(0);
            standing.partitions.push(self.of_partition(partition, here, applied, now).await?);
        }
        Ok(standing)
    }

    async fn of_partition(
        &self,
        partition: Partition,
        here: Option<&Lag>,
        stored: u64,
        now: Timestamp,
    ) -> Result<PartitionStanding, AskError> {
        let end = *self.log().high_watermark(&partition)?.borrow();
        if let Some(Lag { applied, micros, store, .. }) = here {
            let (applied, micros, waited) = (*applied, Some(*micros), store.waited());
            return Ok(PartitionStanding { partition, applied, end, micros, waited });
        }
        let micros = if end > stored {
            self.recorded_at(&partition, stored + 1).await?.map(|at| (now.0 - at.0).max(0))
        } else {
            Some(0)
        };
        Ok(PartitionStanding { partition, applied: stored, end, micros, waited: None })
    }

    /// When the log took the event of this sequence, or the next one that can be read.
    async fn recorded_at(
        &self,
        partition: &Partition,
        sequence: u64,
    ) -> Result<Option<Timestamp>, AskError> {
        let batch = self.log().read(partition, sequence)?.next().await?;
        let mut records = batch.records.iter();
        Ok(records.find_map(|record| self.decoder().recorded_at(partition, record)))
    }
}
