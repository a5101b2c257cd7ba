//! Checkpoints: what a shard or a process has reached, kept so that a start need not read the whole log.
//!
//! A cache, never a truth: whatever is missing, damaged or of another format is rebuilt from the log.

use std::sync::Arc;

use chimera_domain::time::Timestamp;
use chimera_log::Partition;

/// Why a checkpoint could not be read or saved. The caller goes on without it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// What is stored cannot be trusted: clear it and rebuild from the log.
    #[error("the checkpoint of {partition} is damaged: {reason}")]
    Damaged {
        /// Whose checkpoint.
        partition: Partition,
        /// What was wrong.
        reason: String,
    },
    /// The store does not answer.
    #[error("the checkpoint store does not answer: {0}")]
    Unavailable(String),
}

/// One aggregate in a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedState {
    /// The aggregate's id.
    pub key: Arc<str>,
    /// Its version.
    pub version: u64,
    /// When a command falls due by itself, if one does.
    pub due: Option<Timestamp>,
    /// Its state, encoded.
    pub state: Vec<u8>,
}

/// What is remembered of an honoured command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandRecord {
    /// What the same id must come with again.
    pub fingerprint: u64,
    /// Where its last event stands.
    pub sequence: u64,
    /// The aggregate's version after it.
    pub version: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// Everything that changed in a partition since the snapshot before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The layout of the states.
    pub format: u32,
    /// Up to and with which sequence it is true.
    pub sequence: u64,
    /// The id of the event at that sequence, so that another log is noticed.
    pub event_id: u128,
    /// The aggregates that changed.
    pub states: Vec<SavedState>,
    /// The commands that were honoured, by the hash of their id.
    pub commands: Vec<(u128, CommandRecord)>,
    /// Commands recorded before this may be forgotten.
    pub forget_before: Timestamp,
}

/// Where a shard can begin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Up to and with which sequence the saved states are true; 0 where nothing is saved.
    pub sequence: u64,
    /// The id of the event at that sequence.
    pub event_id: u128,
    /// A later save was interrupted: states and commands may be true up to this sequence already. 0 where none was.
    pub ahead_until: u64,
    /// What falls due by itself.
    pub timers: Vec<(Timestamp, Arc<str>)>,
}

/// Keeps the checkpoints of shards. All calls block.
pub trait CheckpointStore: Send + Sync {
    /// Where the shard of `partition` can begin; nothing where nothing of this format is saved.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    fn restore(&self, partition: &Partition, format: u32) -> Result<Restored, CheckpointError>;

    /// A saved aggregate.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    fn state(
        &self,
        partition: &Partition,
        key: &str,
    ) -> Result<Option<SavedState>, CheckpointError>;

    /// A command that was honoured, by the hash of its id.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    fn command(
        &self,
        partition: &Partition,
        id: u128,
    ) -> Result<Option<CommandRecord>, CheckpointError>;

    /// Shows the keys of all saved aggregates, until `see` wants no more.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    fn each_state(
        &self,
        partition: &Partition,
        see: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), CheckpointError>;

    /// Shows the hashes of the ids of all commands that are remembered, until `see` wants no more.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    fn each_command(
        &self,
        partition: &Partition,
        see: &mut dyn FnMut(u128) -> bool,
    ) -> Result<(), CheckpointError>;

    /// Saves a snapshot. If that is interrupted, [`Restored::ahead_until`] says so.
    ///
    /// # Errors
    /// See [`CheckpointError`]. Some of it may be saved nevertheless.
    fn save(&self, partition: &Partition, snapshot: Snapshot) -> Result<(), CheckpointError>;

    /// Forgets everything of a shard.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    fn clear(&self, partition: &Partition) -> Result<(), CheckpointError>;
}

#[cfg(any(test, feature = "testing"))]
pub use in_memory::MemoryCheckpoints;

#[cfg(any(test, feature = "testing"))]
mod in_memory {
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use async_trait::async_trait;
    use chimera_log::{Bookmarks, Partition};

    use super::{CheckpointError, CheckpointStore, CommandRecord, Restored, SavedState, Snapshot};

    #[derive(Default)]
    struct Saved {
        format: u32,
        sequence: u64,
        event_id: u128,
        states: HashMap<Arc<str>, SavedState>,
        commands: HashMap<u128, CommandRecord>,
    }

    #[derive(Default)]
    struct Everything {
        shards: HashMap<Partition, Saved>,
        bookmarks: HashMap<(String, Partition), u64>,
    }

    /// Checkpoints that end with the process, for tests.
    #[derive(Default)]
    pub struct MemoryCheckpoints(Mutex<Everything>);

    impl MemoryCheckpoints {
        fn lock(&self) -> MutexGuard<'_, Everything> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl CheckpointStore for MemoryCheckpoints {
        fn restore(&self, partition: &Partition, format: u32) -> Result<Restored, CheckpointError> {
            let everything = self.lock();
            let Some(saved) = everything.shards.get(partition).filter(|s| s.format == format)
            else {
                return Ok(Restored::default());
            };
            let due = |state: &SavedState| Some((state.due?, Arc::clone(&state.key)));
            let timers = saved.states.values().filter_map(due).collect();
            let (sequence, event_id) = (saved.sequence, saved.event_id);
            Ok(Restored { sequence, event_id, ahead_until: 0, timers })
        }

        fn state(
            &self,
            partition: &Partition,
            key: &str,
        ) -> Result<Option<SavedState>, CheckpointError> {
            Ok(self.lock().shards.get(partition).and_then(|saved| saved.states.get(key)).cloned())
        }

        fn command(
            &self,
            partition: &Partition,
            id: u128,
        ) -> Result<Option<CommandRecord>, CheckpointError> {
            let everything = self.lock();
            Ok(everything.shards.get(partition).and_then(|saved| saved.commands.get(&id)).copied())
        }

        fn each_state(
            &self,
            partition: &Partition,
            see: &mut dyn FnMut(&str) -> bool,
        ) -> Result<(), CheckpointError> {
            let everything = self.lock();
            let mut keys =
                everything.shards.get(partition).into_iter().flat_map(|s| s.states.keys());
            let _ = keys.all(|key| see(key));
            Ok(())
        }

        fn each_command(
            &self,
            partition: &Partition,
            see: &mut dyn FnMut(u128) -> bool,
        ) -> Result<(), CheckpointError> {
            let everything = self.lock();
            let mut ids =
                everything.shards.get(partition).into_iter().flat_map(|s| s.commands.keys());
            let _ = ids.all(|id| see(*id));
            Ok(())
        }

        fn save(&self, partition: &Partition, snapshot: Snapshot) -> Result<(), CheckpointError> {
            let mut everything = self.lock();
            let saved = everything.shards.entry(partition.clone()).or_default();
            saved.format = snapshot.format;
            saved.sequence = snapshot.sequence;
            saved.event_id = snapshot.event_id;
            saved
                .states
                .extend(snapshot.states.into_iter().map(|state| (Arc::clone(&state.key), state)));
            saved.commands.extend(snapshot.commands);
            saved.commands.retain(|_, record| record.recorded_at >= snapshot.forget_before);
            Ok(())
        }

        fn clear(&self, partition: &Partition) -> Result<(), CheckpointError> {
            self.lock().shards.remove(partition);
            Ok(())
        }
    }

    #[async_trait]
    impl Bookmarks for MemoryCheckpoints {
        async fn find(&self, reader: &str, partition: &Partition) -> Result<u64, String> {
            let key = (reader.to_owned(), partition.clone());
            Ok(self.lock().bookmarks.get(&key).copied().unwrap_or(0))
        }

        async fn keep(
            &self,
            reader: &str,
            partition: &Partition,
            sequence: u64,
        ) -> Result<(), String> {
            self.lock().bookmarks.insert((reader.to_owned(), partition.clone()), sequence);
            Ok(())
        }
    }
}
