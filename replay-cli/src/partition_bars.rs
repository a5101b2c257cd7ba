//! A bar for each partition that something is done with.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chimera_log::Partition;

use crate::progress::{Progress, Step};

/// The bars of one verb.
pub(crate) struct PartitionBars {
    progress: Progress,
    steps: Mutex<BTreeMap<Partition, Step>>,
}

impl PartitionBars {
    pub(crate) fn new() -> Self {
        Self { progress: Progress::new(), steps: Mutex::default() }
    }

    /// Leaves a line for each partition behind.
    pub(crate) fn end(&self) {
        for step in std::mem::take(&mut *self.steps()).into_values() {
            step.end();
        }
    }

    fn steps(&self) -> MutexGuard<'_, BTreeMap<Partition, Step>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl chimera_backup::Progress for PartitionBars {
    fn expect(&self, partition: &Partition, events: u64) {
        let step = self.progress.step(&partition.to_string(), events, "events");
        self.steps().insert(partition.clone(), step);
    }

    fn done(&self, partition: &Partition, events: u64) {
        if let Some(step) = self.steps().get(partition) {
            step.add(events);
        }
    }
}
