//! The aggregates of a partition: those touched lately in memory, the others in the checkpoint store.
//!
//! An aggregate changed since the last checkpoint is always in memory; one that has not changed may be dropped and is read
//! back when it is asked for.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::time::Timestamp;
use chimera_log::Partition;
use foldhash::fast::RandomState;
use xxhash_rust::xxh3::xxh3_64;

use super::stored::Stored;
use crate::checkpoint::{CheckpointError, CheckpointStore, SavedState};

/// An aggregate and its version.
#[derive(Debug)]
pub(super) struct Versioned<A> {
    pub(super) state: Arc<A>,
    pub(super) version: u64,
}

/// An aggregate in memory.
struct Hot<A> {
    aggregate: Versioned<A>,
    /// Since the last checkpoint.
    is_changed: bool,
}

type ByKey<A> = HashMap<Arc<str>, Hot<A>, RandomState>;

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
    recent: ByKey<A>,
    /// Touched before; none of them changed since the last checkpoint.
    older: ByKey<A>,
    /// Those that changed since the last checkpoint.
    changed: Vec<Arc<str>>,
    /// How many aggregates to keep in memory where none of them has changed.
    capacity: usize,
    /// Which aggregates the store may hold.
    stored: Stored,
}

impl<A: Aggregate> States<A> {
    pub(super) fn new(
        partition: Partition,
        store: Arc<dyn CheckpointStore>,
        capacity: usize,
        stored: Stored,
    ) -> Self {
        Self {
            partition,
            store,
            recent: ByKey::default(),
            older: ByKey::default(),
            changed: Vec::new(),
            capacity,
            stored,
        }
    }

    /// The aggregate, brought into memory; a new one at version 0 where there is none.
    pub(super) fn get(&mut self, key: &Arc<str>) -> Result<&Versioned<A>, CheckpointError> {
        self.hot(key).map(|hot| &hot.aggregate)
    }

    /// Folds events into the aggregate and notes that it has changed. Its version, and when something falls due.
    pub(super) fn evolve(
        &mut self,
        key: &Arc<str>,
        events: &[A::Event],
    ) -> Result<(u64, Option<Timestamp>), CheckpointError> {
        let hot = self.hot(key)?;
        let is_news = !std::mem::replace(&mut hot.is_changed, true);
        let Versioned { state, version } = &mut hot.aggregate;
        let state = Arc::make_mut(state);
        for event in events {
            state.evolve(event);
            *version += 1;
        }
        let evolved = (*version, state.due().map(|(due, _)| due));
        if is_news {
            self.changed.push(Arc::clone(key));
        }
        Ok(evolved)
    }

    fn hot(&mut self, key: &Arc<str>) -> Result<&mut Hot<A>, CheckpointError> {
        match self.recent.entry(Arc::clone(key)) {
            Entry::Occupied(found) => Ok(found.into_mut()),
            Entry::Vacant(place) => {
                let found = match self.older.remove(key) {
                    Some(found) => found,
                    None => load(&self.partition, &*self.store, &self.stored, key)?,
                };
                Ok(place.insert(found))
            }
        }
    }

    /// How many aggregates changed since the last checkpoint.
    pub(super) fn changed(&self) -> usize {
        self.changed.len()
    }

    /// What changed since the last call, and from now on counts as unchanged.
    pub(super) fn take_changed(&mut self) -> Vec<(Arc<str>, Versioned<A>)> {
        let keys = std::mem::take(&mut self.changed);
        let mut taken = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(hot) = self.recent.get_mut(&key) {
                hot.is_changed = false;
                self.stored.add(xxh3_64(key.as_bytes()));
                taken.push((key, hot.aggregate.clone()));
            }
        }
        taken
    }

    /// Takes back that these were saved.
    pub(super) fn changed_again(&mut self, keys: Vec<Arc<str>>) {
        for key in keys {
            if let Some(hot) = self.recent.get_mut(&key)
                && !std::mem::replace(&mut hot.is_changed, true)
            {
                self.changed.push(key);
            }
        }
    }

    /// Takes note that all that [`States::take_changed`] gave is saved: what has not been touched lately may leave memory.
    pub(super) fn saved(&mut self) {
        self.stored.saved();
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
        let (staying, leaving) =
            std::mem::take(&mut self.recent).into_iter().partition(|(_, hot)| hot.is_changed);
        self.recent = staying;
        self.older = leaving;
    }
}

/// From the store; a new one where there is none.
fn load<A: Aggregate>(
    partition: &Partition,
    store: &dyn CheckpointStore,
    stored: &Stored,
    key: &str,
) -> Result<Hot<A>, CheckpointError> {
    let mut aggregate = Versioned { state: Arc::new(A::default()), version: 0 };
    if stored.may_hold(xxh3_64(key.as_bytes()))
        && let Some(saved) = store.state(partition, key)?
    {
        aggregate = decode(partition, &saved)?;
    }
    Ok(Hot { aggregate, is_changed: false })
}

fn decode<A: Aggregate>(
    partition: &Partition,
    saved: &SavedState,
) -> Result<Versioned<A>, CheckpointError> {
    let state = postcard::from_bytes(&saved.state).map_err(|error| {
        let reason = format!("the state of {} cannot be decoded: {error}", saved.key);
        CheckpointError::Damaged { partition: partition.clone(), reason }
    })?;
    Ok(Versioned { state: Arc::new(state), version: saved.version })
}
