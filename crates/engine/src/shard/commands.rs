//! The commands that a partition has honoured: what makes a repeated one harmless.
//!
//! Filled from the log and from what is appended; older entries lie in the checkpoint store.

use std::collections::HashMap;
use std::sync::Arc;

use chimera_log::Partition;
use foldhash::fast::RandomState;

use super::stored::Stored;
use crate::checkpoint::{CheckpointError, CheckpointStore, CommandRecord};

type ById = HashMap<u128, CommandRecord, RandomState>;

/// The honoured commands of one partition.
pub(super) struct Commands {
    partition: Partition,
    store: Arc<dyn CheckpointStore>,
    /// Honoured since the last checkpoint began.
    fresh: ById,
    /// In the checkpoint that is being saved.
    saving: ById,
    /// Which commands the store may hold.
    stored: Stored,
}

impl Commands {
    pub(super) fn new(
        partition: Partition,
        store: Arc<dyn CheckpointStore>,
        stored: Stored,
    ) -> Self {
        Self { partition, store, fresh: ById::default(), saving: ById::default(), stored }
    }

    pub(super) fn find(&self, id: u128) -> Result<Option<CommandRecord>, CheckpointError> {
        if let Some(record) = self.fresh.get(&id).or_else(|| self.saving.get(&id)) {
            return Ok(Some(*record));
        }
        if !self.stored.may_hold(filtered(id)) {
            return Ok(None);
        }
        self.store.command(&self.partition, id)
    }

    pub(super) fn remember(&mut self, id: u128, record: CommandRecord) {
        self.fresh.insert(id, record);
    }

    /// What is to be saved; still found here until [`Commands::saved`].
    pub(super) fn start_saving(&mut self) -> Vec<(u128, CommandRecord)> {
        for id in self.fresh.keys() {
            self.stored.add(filtered(*id));
        }
        self.saving.extend(std::mem::take(&mut self.fresh));
        self.saving.iter().map(|(id, record)| (*id, *record)).collect()
    }

    pub(super) fn saved(&mut self) {
        self.saving = ById::default();
        self.stored.saved();
    }
}

/// What the filter knows a command id by.
pub(super) fn filtered(id: u128) -> u64 {
    u64::try_from(id & u128::from(u64::MAX)).unwrap_or_default()
}
