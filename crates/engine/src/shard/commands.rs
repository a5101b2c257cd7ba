//! The commands that a partition has honoured: what makes a repeated one harmless.
//!
//! Filled from the log and from what is appended; older entries lie in the checkpoint store.

use std::collections::HashMap;
use std::sync::Arc;

use chimera_log::Partition;

use crate::checkpoint::{CheckpointError, CheckpointStore, CommandRecord};

/// The honoured commands of one partition.
pub(super) struct Commands {
    partition: Partition,
    store: Arc<dyn CheckpointStore>,
    /// Honoured since the last checkpoint began.
    fresh: HashMap<u128, CommandRecord>,
    /// In the checkpoint that is being saved.
    saving: HashMap<u128, CommandRecord>,
    stored: bool,
}

impl Commands {
    pub(super) fn new(partition: Partition, store: Arc<dyn CheckpointStore>, stored: bool) -> Self {
        Self { partition, store, fresh: HashMap::new(), saving: HashMap::new(), stored }
    }

    pub(super) fn find(&self, id: u128) -> Result<Option<CommandRecord>, CheckpointError> {
        if let Some(record) = self.fresh.get(&id).or_else(|| self.saving.get(&id)) {
            return Ok(Some(*record));
        }
        if !self.stored {
            return Ok(None);
        }
        self.store.command(&self.partition, id)
    }

    pub(super) fn remember(&mut self, id: u128, record: CommandRecord) {
        self.fresh.insert(id, record);
    }

    /// What is to be saved; still found here until [`Commands::saved`].
    pub(super) fn start_saving(&mut self) -> Vec<(u128, CommandRecord)> {
        self.saving.extend(std::mem::take(&mut self.fresh));
        self.saving.iter().map(|(id, record)| (*id, *record)).collect()
    }

    pub(super) fn saved(&mut self) {
        self.saving = HashMap::new();
        self.stored = true;
    }
}
