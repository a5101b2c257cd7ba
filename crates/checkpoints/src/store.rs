//! The checkpoint store on fjall: one keyspace a kind of value; command ids in one keyspace a day, dropped whole.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use chimera_domain::time::Timestamp;
use chimera_engine::{
    CheckpointError, CheckpointStore, CommandRecord, Restored, SavedState, Snapshot,
};
use chimera_log::{Bookmarks, Partition};
use fjall::compaction::Leveled;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch};

use crate::layout;
use crate::positions::ProcessPositions;

const COMMANDS: &str = "commands-";
/// What may lie in the journal only. All of it is read at the next start: fjall's own 512 MiB take many seconds.
const JOURNAL_BYTES: u64 = 64 << 20;
/// From so many values on they are written as tables of their own, past the journal: which costs less, and the next start has
/// nothing to read again.
const MANY: usize = 2_000;
/// How many tables are merged at once. From twenty on, fjall slows writing down.
const MERGED: u8 = 14;

/// Checkpoints in a directory. One process at a time.
pub struct EmbeddedCheckpoints {
    pub(crate) database: Database,
    pub(crate) heads: Keyspace,
    pub(crate) states: Keyspace,
    pub(crate) timers: Keyspace,
    processes: ProcessPositions,
    /// Command ids by the day on which they were recorded, UTC.
    commands: RwLock<BTreeMap<i64, Keyspace>>,
}

pub(crate) fn unavailable(error: impl std::fmt::Display) -> CheckpointError {
    CheckpointError::Unavailable(error.to_string())
}

/// Much is written and little of it is ever looked up: merging rarely costs a shard least.
fn options() -> KeyspaceCreateOptions {
    let strategy = Leveled::default().with_l0_threshold(MERGED);
    KeyspaceCreateOptions::default().compaction_strategy(Arc::new(strategy))
}

fn damaged(partition: &Partition, what: &str) -> CheckpointError {
    CheckpointError::Damaged { partition: partition.clone(), reason: format!("checksum of {what}") }
}

impl EmbeddedCheckpoints {
    /// Opens the checkpoints in `directory`, or creates them: the states in `state`, how far processes have come in `processes`.
    /// `cache_bytes` bounds what is kept in memory of the states.
    ///
    /// # Errors
    /// If the directory cannot be used.
    pub fn open(directory: &Path, cache_bytes: u64) -> Result<Self, CheckpointError> {
        let database = Database::builder(directory.join("state"))
            .cache_size(cache_bytes)
            .max_journaling_size(JOURNAL_BYTES)
            .worker_threads(1)
            .open()
            .map_err(unavailable)?;
        let keyspace = |name: &str| database.keyspace(name, options).map_err(unavailable);
        let mut commands = BTreeMap::new();
        for name in database.list_keyspace_names() {
            let day = name.strip_prefix(COMMANDS).and_then(|day| day.parse().ok());
            if let Some(day) = day {
                commands.insert(day, keyspace(&name)?);
            }
        }
        Ok(Self {
            heads: keyspace("heads")?,
            states: keyspace("states")?,
            timers: keyspace("timers")?,
            processes: ProcessPositions::open(&directory.join("processes"))?,
            commands: RwLock::new(commands),
            database,
        })
    }

    /// The keyspaces of all days with commands.
    fn days(&self) -> Vec<Keyspace> {
        let days = self.commands.read().unwrap_or_else(PoisonError::into_inner);
        days.values().cloned().collect()
    }

    pub(crate) fn day(&self, day: i64) -> Result<Keyspace, CheckpointError> {
        let mut days = self.commands.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(keyspace) = days.get(&day) {
            return Ok(keyspace.clone());
        }
        let keyspace =
            self.database.keyspace(&format!("{COMMANDS}{day}"), options).map_err(unavailable)?;
        days.insert(day, keyspace.clone());
        Ok(keyspace)
    }

    /// Drops the days that lie wholly before `moment`.
    ///
    /// Partitions keep their own log's time; the day before the oldest day asked for is kept for one that lags.
    fn forget_days_before(&self, moment: Timestamp) -> Result<(), CheckpointError> {
        let mut days = self.commands.write().unwrap_or_else(PoisonError::into_inner);
        let kept = days.split_off(&(moment.day() - 1));
        for (_, keyspace) in std::mem::replace(&mut *days, kept) {
            self.database.delete_keyspace(keyspace).map_err(unavailable)?;
        }
        Ok(())
    }

    /// What is saved of a partition, without its timers.
    pub(crate) fn head(
        &self,
        partition: &Partition,
    ) -> Result<Option<(u64, Restored)>, CheckpointError> {
        let sealed = self.heads.get(layout::key(partition, &[])).map_err(unavailable)?;
        let Some(sealed) = sealed else { return Ok(None) };
        layout::unseal_head(&sealed).map(Some).ok_or_else(|| damaged(partition, "the head"))
    }

    /// The head once the snapshot is saved. What an interrupted save before it has left further ahead is still ahead.
    fn head_after(
        &self,
        partition: &Partition,
        snapshot: &Snapshot,
    ) -> Result<Vec<u8>, CheckpointError> {
        let before = self.head(partition)?.map_or(0, |(_, head)| head.ahead_until);
        let Snapshot { format, sequence, event_id, .. } = *snapshot;
        let ahead_until = if before > sequence { before } else { 0 };
        let head = Restored { sequence, event_id, ahead_until, timers: Vec::new() };
        Ok(layout::seal_head(format, &head))
    }

    fn put_states(
        &self,
        batch: &mut OwnedWriteBatch,
        partition: &Partition,
        states: &[SavedState],
    ) {
        for saved in states {
            let key = layout::key(partition, saved.key.as_bytes());
            batch.insert(&self.states, key.clone(), layout::seal_state(saved));
            match saved.due {
                Some(due) => batch.insert(&self.timers, key, layout::seal_timer(due)),
                None => batch.remove(&self.timers, key),
            }
        }
    }

    fn put_commands(
        &self,
        batch: &mut OwnedWriteBatch,
        partition: &Partition,
        commands: &[(u128, CommandRecord)],
    ) -> Result<(), CheckpointError> {
        for (id, record) in commands {
            let day = self.day(record.recorded_at.day())?;
            let key = layout::key(partition, &id.to_be_bytes());
            batch.insert(&day, key, layout::seal_command(record));
        }
        Ok(())
    }

    fn timers(
        &self,
        partition: &Partition,
    ) -> Result<Vec<(Timestamp, std::sync::Arc<str>)>, CheckpointError> {
        let prefix = layout::key(partition, &[]);
        let mut timers = Vec::new();
        for entry in self.timers.prefix(&prefix) {
            let (key, sealed) = entry.into_inner().map_err(unavailable)?;
            let due = layout::unseal_timer(&sealed).ok_or_else(|| damaged(partition, "a timer"))?;
            let key = std::str::from_utf8(&key[prefix.len()..])
                .map_err(|_| damaged(partition, "a timer's key"))?;
            timers.push((due, key.into()));
        }
        Ok(timers)
    }
}

impl CheckpointStore for EmbeddedCheckpoints {
    fn restore(&self, partition: &Partition, format: u32) -> Result<Restored, CheckpointError> {
        match self.head(partition)? {
            Some((saved, head)) if saved == u64::from(format) => {
                Ok(Restored { timers: self.timers(partition)?, ..head })
            }
            _ => Ok(Restored::default()),
        }
    }

    fn state(
        &self,
        partition: &Partition,
        key: &str,
    ) -> Result<Option<SavedState>, CheckpointError> {
        let sealed =
            self.states.get(layout::key(partition, key.as_bytes())).map_err(unavailable)?;
        let Some(sealed) = sealed else { return Ok(None) };
        layout::unseal_state(key, &sealed).map(Some).ok_or_else(|| damaged(partition, key))
    }

    fn command(
        &self,
        partition: &Partition,
        id: u128,
    ) -> Result<Option<CommandRecord>, CheckpointError> {
        let key = layout::key(partition, &id.to_be_bytes());
        let days = self.commands.read().unwrap_or_else(PoisonError::into_inner);
        for keyspace in days.values().rev() {
            if let Some(sealed) = keyspace.get(&key).map_err(unavailable)? {
                let record = layout::unseal_command(&sealed);
                return record.map(Some).ok_or_else(|| damaged(partition, "a command"));
            }
        }
        Ok(None)
    }

    fn each_state(
        &self,
        partition: &Partition,
        see: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), CheckpointError> {
        each_key(&self.states, partition, |key| std::str::from_utf8(key).ok().map(&mut *see))
            .map(|_| ())
    }

    fn each_command(
        &self,
        partition: &Partition,
        see: &mut dyn FnMut(u128) -> bool,
    ) -> Result<(), CheckpointError> {
        for day in self.days() {
            let goes_on = each_key(&day, partition, |key| {
                key.try_into().ok().map(|id| see(u128::from_be_bytes(id)))
            })?;
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    fn save(&self, partition: &Partition, mut snapshot: Snapshot) -> Result<(), CheckpointError> {
        // In order, neighbours meet in the store's tables, which makes saving several times as fast.
        snapshot.states.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        snapshot.commands.sort_unstable_by_key(|(id, _)| *id);
        snapshot.commands.retain(|(_, record)| record.recorded_at >= snapshot.forget_before);
        let mut batch = self.database.batch();
        if snapshot.states.len() + snapshot.commands.len() < MANY {
            self.put_states(&mut batch, partition, &snapshot.states);
            self.put_commands(&mut batch, partition, &snapshot.commands)?;
        } else {
            self.begin_ahead(partition, &snapshot)?;
            self.ingest(partition, &snapshot)?;
        }
        let head = self.head_after(partition, &snapshot)?;
        batch.insert(&self.heads, layout::key(partition, &[]), head);
        batch.commit().map_err(unavailable)?;
        self.forget_days_before(snapshot.forget_before)
    }

    fn clear(&self, partition: &Partition) -> Result<(), CheckpointError> {
        let prefix = layout::key(partition, &[]);
        let days = self.commands.read().unwrap_or_else(PoisonError::into_inner);
        let mut batch = self.database.batch();
        batch.remove(&self.heads, prefix.clone());
        for keyspace in [&self.states, &self.timers].into_iter().chain(days.values()) {
            for entry in keyspace.prefix(&prefix) {
                batch.remove(keyspace, entry.key().map_err(unavailable)?);
            }
        }
        batch.commit().map_err(unavailable)
    }
}

/// Shows the keys of a partition without what marks them as its own. `see` says whether it wants more, and nothing of a key
/// that cannot be. Whether it wanted all.
fn each_key(
    keyspace: &Keyspace,
    partition: &Partition,
    mut see: impl FnMut(&[u8]) -> Option<bool>,
) -> Result<bool, CheckpointError> {
    let prefix = layout::key(partition, &[]);
    for entry in keyspace.prefix(&prefix) {
        let key = entry.key().map_err(unavailable)?;
        let wants_more = see(&key[prefix.len()..]);
        if !wants_more.ok_or_else(|| damaged(partition, "a key"))? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[async_trait]
impl Bookmarks for EmbeddedCheckpoints {
    async fn find(&self, reader: &str, partition: &Partition) -> Result<u64, String> {
        self.processes.get(reader, partition).map_err(|error| error.to_string())
    }

    async fn keep(&self, reader: &str, partition: &Partition, sequence: u64) -> Result<(), String> {
        self.processes.set(reader, partition, sequence).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests;
