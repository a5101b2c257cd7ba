//! Checkpoints in memory that somebody meddles with: a test says what is different, the rest is as it is.

use chimera_engine::{
    CheckpointError, CheckpointStore, CommandRecord, MemoryCheckpoints, Restored, SavedState,
    Snapshot,
};
use chimera_log::Partition;

/// What is different.
pub trait Meddler: Send + Sync {
    fn restored(&self, restored: Restored) -> Restored {
        restored
    }

    fn reading(&self, _: &Partition) -> Result<(), CheckpointError> {
        Ok(())
    }

    fn save(
        &self,
        inner: &MemoryCheckpoints,
        partition: &Partition,
        snapshot: Snapshot,
    ) -> Result<(), CheckpointError> {
        inner.save(partition, snapshot)
    }

    fn clearing(&self) {}
}

#[derive(Default)]
pub struct Meddled<M> {
    pub inner: MemoryCheckpoints,
    pub by: M,
}

impl<M: Meddler> CheckpointStore for Meddled<M> {
    fn restore(&self, of: &Partition, format: u32) -> Result<Restored, CheckpointError> {
        Ok(self.by.restored(self.inner.restore(of, format)?))
    }

    fn state(&self, of: &Partition, key: &str) -> Result<Option<SavedState>, CheckpointError> {
        self.by.reading(of)?;
        self.inner.state(of, key)
    }

    fn command(&self, of: &Partition, id: u128) -> Result<Option<CommandRecord>, CheckpointError> {
        self.inner.command(of, id)
    }

    fn each_state(
        &self,
        of: &Partition,
        see: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), CheckpointError> {
        self.inner.each_state(of, see)
    }

    fn each_command(
        &self,
        of: &Partition,
        see: &mut dyn FnMut(u128) -> bool,
    ) -> Result<(), CheckpointError> {
        self.inner.each_command(of, see)
    }

    fn save(&self, of: &Partition, snapshot: Snapshot) -> Result<(), CheckpointError> {
        self.by.save(&self.inner, of, snapshot)
    }

    fn clear(&self, of: &Partition) -> Result<(), CheckpointError> {
        self.by.clearing();
        self.inner.clear(of)
    }
}
