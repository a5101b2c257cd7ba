//! The aggregates of a partition: those touched lately in memory, the others in the checkpoint store.
//!
//! An aggregate changed since the last checkpoint is always in memory; one that has not changed may be dropped and is read
//! back when it is asked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chimera_domain::aggregate::Aggregate;
use chimera_log::Partition;

use crate::checkpoint::{CheckpointError, CheckpointStore, SavedState};

/// An aggregate and its version.
#[derive(Debug)]
pub(super) struct Versioned<A> {
    pub(super) state: Arc<A>,
    pub(super) version: u64,
}

impl<A> Clone for Versioned<A> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), version: self.version }
    }
}

/// The aggregates of one partition.
pub(super) struct States<A: Aggregate> {
    partition: Partition,
    store: Arc<dyn CheckpointStore>,
    /// Touched since the last rotation; everything that changed since the last checkpoint is here.
    recent: HashMap<Arc<str>, Versioned<A>>,
    /// Touched before; none of them changed since the last checkpoint.
    older: HashMap<Arc<str>, Versioned<A>>,
    changed: HashSet<Arc<str>>,
    /// How many aggregates to keep in memory where none of them has changed.
    capacity: usize,
    /// Whether anything is saved: a shard that has no checkpoint need not ask for states.
    stored: bool,
}

impl<A: Aggregate> States<A> {
    pub(super) fn new(
        partition: Partition,
        store: Arc<dyn CheckpointStore>,
        capacity: usize,
        stored: bool,
    ) -> Self {
        Self {
            partition,
            store,
            recent: HashMap::new(),
            older: HashMap::new(),
            changed: HashSet::new(),
            capacity,
            stored,
        }
    }

    /// The aggregate, brought into memory; a new one at version 0 where there is none.
    pub(super) fn get(&mut self, key: &Arc<str>) -> Result<&mut Versioned<A>, CheckpointError> {
        if !self.recent.contains_key(key) {
            let found = match self.older.remove(key) {
                Some(found) => found,
                None => self.load(key)?,
            };
            self.recent.insert(Arc::clone(key), found);
        }
        self.recent.get_mut(key).ok_or_else(|| CheckpointError::Damaged {
            partition: self.partition.clone(),
            reason: "an aggregate vanished from memory".to_owned(),
        })
    }

    /// Folds events into the aggregate and notes that it has changed.
    pub(super) fn evolve(
        &mut self,
        key: &Arc<str>,
        event: &A::Event,
    ) -> Result<u64, CheckpointError> {
        let aggregate = self.get(key)?;
        Arc::make_mut(&mut aggregate.state).evolve(event);
        aggregate.version += 1;
        let version = aggregate.version;
        if !self.changed.contains(key) {
            self.changed.insert(Arc::clone(key));
        }
        Ok(version)
    }

    /// How many aggregates changed since the last checkpoint.
    pub(super) fn changed(&self) -> usize {
        self.changed.len()
    }

    /// What changed since the last call, and from now on counts as unchanged.
    pub(super) fn take_changed(&mut self) -> Vec<(Arc<str>, Versioned<A>)> {
        let keys = std::mem::take(&mut self.changed);
        let found = |key: Arc<str>| {
            let aggregate = self.recent.get(&key)?.clone();
            Some((key, aggregate))
        };
        keys.into_iter().filter_map(found).collect()
    }

    /// Takes back that these were saved.
    pub(super) fn changed_again(&mut self, keys: Vec<Arc<str>>) {
        self.changed.extend(keys);
    }

    /// Takes note that all that [`States::take_changed`] gave is saved: what has not been touched lately may leave memory.
    pub(super) fn saved(&mut self) {
        self.stored = true;
        self.rotate();
    }

    /// Lets go of what was only looked at, where nothing has changed since the last checkpoint.
    pub(super) fn trim(&mut self) {
        if self.changed.is_empty() {
            self.rotate();
        }
    }

    /// Makes the aggregates that have not changed the older ones, once there are many.
    fn rotate(&mut self) {
        if self.recent.len() < self.capacity / 2 {
            return;
        }
        let (staying, leaving) = std::mem::take(&mut self.recent)
            .into_iter()
            .partition(|(key, _)| self.changed.contains(key));
        self.recent = staying;
        self.older = leaving;
    }

    fn load(&self, key: &str) -> Result<Versioned<A>, CheckpointError> {
        if self.stored
            && let Some(saved) = self.store.state(&self.partition, key)?
        {
            return self.decode(&saved);
        }
        Ok(Versioned { state: Arc::new(A::default()), version: 0 })
    }

    fn decode(&self, saved: &SavedState) -> Result<Versioned<A>, CheckpointError> {
        let state = postcard::from_bytes(&saved.state).map_err(|error| {
            let reason = format!("the state of {} cannot be decoded: {error}", saved.key);
            CheckpointError::Damaged { partition: self.partition.clone(), reason }
        })?;
        Ok(Versioned { state: Arc::new(state), version: saved.version })
    }
}
