//! A table that every node keeps whole: one small entry an aggregate, folded from a whole stream. Orders read prices from one.
//!
//! Only ever behind the log, never ahead of it; it says how far it has come, so that a reader can wait.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::DomainEvent;
use chimera_log::{EventLog, Partition, partition_of};
use tokio::sync::watch;

use crate::patience;

/// Folds one event into the entry of its aggregate.
pub type FoldEntry<E, V> = fn(Option<V>, &E) -> Option<V>;

/// Entries by aggregate id.
pub struct GlobalTable<E: DomainEvent, V: Clone> {
    stream: &'static str,
    log: Arc<dyn EventLog>,
    codec: StreamCodec<E>,
    fold: FoldEntry<E, V>,
    entries: RwLock<HashMap<Arc<str>, V>>,
    /// The last sequence folded, by partition.
    applied: Vec<watch::Sender<u64>>,
}

impl<E: DomainEvent, V: Clone + Send + Sync + 'static> GlobalTable<E, V> {
    /// An empty table of a stream of `partitions`; fill it with [`GlobalTable::follow`] for each of them.
    pub fn new(
        stream: &'static str,
        log: Arc<dyn EventLog>,
        codec: StreamCodec<E>,
        partitions: u32,
        fold: FoldEntry<E, V>,
    ) -> Self {
        let applied = (0..partitions).map(|_| watch::Sender::new(0)).collect();
        Self { stream, log, codec, fold, entries: RwLock::default(), applied }
    }

    /// Follows one partition for ever.
    ///
    /// # Errors
    /// Text for an operator, if the partition cannot be read or decoded.
    pub async fn follow(&self, partition: u32) -> Result<(), String> {
        let place = Partition::new(self.stream, partition);
        let mut reader = patience::reader(&*self.log, &place, 1).await?;
        loop {
            let batch = patience::next(&mut *reader).await?;
            let mut last = 0;
            for record in &batch.records {
                let event = self
                    .codec
                    .decode(partition, &record.value)
                    .map_err(|error| format!("{place} at sequence {}: {error}", record.sequence))?;
                self.fold_one(&event.key, &event.event);
                last = record.sequence;
            }
            if let Some(applied) = self.applied.get(partition as usize) {
                applied.send_replace(last);
            }
        }
    }

    fn fold_one(&self, key: &Arc<str>, event: &E) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let before = entries.remove(key);
        if let Some(after) = (self.fold)(before, event) {
            entries.insert(Arc::clone(key), after);
        }
    }

    /// The entry of an aggregate, if it has one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<V> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Waits until everything that is in the partition of `key` now has been folded. False if `at_most` passes before.
    pub async fn caught_up_for(&self, key: &str, at_most: Duration) -> bool {
        let partitions = u32::try_from(self.applied.len()).unwrap_or(u32::MAX);
        tokio::time::timeout(at_most, self.caught_up_on(partition_of(key, partitions)))
            .await
            .unwrap_or(false)
    }

    /// Waits until everything that is in the stream now has been folded. False if `at_most` passes before.
    pub async fn caught_up(&self, at_most: Duration) -> bool {
        let all = async {
            for partition in 0..u32::try_from(self.applied.len()).unwrap_or(u32::MAX) {
                if !self.caught_up_on(partition).await {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(at_most, all).await.unwrap_or(false)
    }

    async fn caught_up_on(&self, partition: u32) -> bool {
        let Some(applied) = self.applied.get(partition as usize) else { return false };
        let place = Partition::new(self.stream, partition);
        let Ok(end) = self.log.high_watermark(&place).map(|watermark| *watermark.borrow()) else {
            return false;
        };
        applied.subscribe().wait_for(|&reached| reached >= end).await.is_ok()
    }
}
