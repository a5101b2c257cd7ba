//! How far one partition has been applied to one read model, as its feed says and others watch.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use chimera_domain::time::Timestamp;
use tokio::sync::watch;

use crate::answers::Answers;

/// Shared between a feed, which moves it, and whoever waits for it.
#[derive(Debug)]
pub(crate) struct Progress {
    applied: watch::Sender<u64>,
    high: watch::Receiver<u64>,
    /// When the oldest event that is not applied was recorded, as far as it is known.
    behind_since: Mutex<Option<Timestamp>>,
    parked_aggregates: AtomicU64,
    parked_events: AtomicU64,
    store: Mutex<Answers>,
}

impl Progress {
    pub(crate) fn new(applied: u64, high: watch::Receiver<u64>) -> Self {
        Self {
            applied: watch::Sender::new(applied),
            high,
            behind_since: Mutex::default(),
            parked_aggregates: AtomicU64::new(0),
            parked_events: AtomicU64::new(0),
            store: Mutex::default(),
        }
    }

    /// Starts over at `applied`, as another generation does.
    pub(crate) fn restart(&self, applied: u64) {
        self.set_behind(None);
        self.store_answers();
        self.applied.send_replace(applied);
    }

    /// An event recorded at `since` waits to be applied.
    pub(crate) fn behind(&self, since: Timestamp) {
        self.set_behind(Some(since));
    }

    /// Everything up to `sequence`, recorded until `recorded`, is applied or of no concern.
    pub(crate) fn advance(&self, sequence: u64, recorded: Option<Timestamp>) {
        let caught_up = sequence >= self.high();
        self.set_behind(recorded.filter(|_| !caught_up));
        self.store_answers();
        self.applied.send_replace(sequence);
    }

    /// The feed waits for its store. That ends once it does what it was asked: one that is full may still be read.
    pub(crate) fn wait_for_store(&self) {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).no();
    }

    /// The store does again what it is asked.
    pub(crate) fn store_answers(&self) {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).yes();
    }

    /// Whether the store answers.
    pub(crate) fn store(&self) -> Answers {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many aggregates wait among the dead letters, with so many events.
    pub(crate) fn set_parked(&self, aggregates: usize, events: usize) {
        self.parked_aggregates.store(aggregates as u64, Ordering::Relaxed);
        self.parked_events.store(events as u64, Ordering::Relaxed);
    }

    /// How many aggregates and events wait among the dead letters.
    pub(crate) fn parked(&self) -> (u64, u64) {
        let aggregates = self.parked_aggregates.load(Ordering::Relaxed);
        (aggregates, self.parked_events.load(Ordering::Relaxed))
    }

    pub(crate) fn applied(&self) -> u64 {
        *self.applied.borrow()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.applied.subscribe()
    }

    /// How many events are not applied yet.
    pub(crate) fn events_behind(&self) -> u64 {
        self.high().saturating_sub(self.applied())
    }

    /// How old the oldest event that is not applied is, in microseconds; 0 when caught up.
    pub(crate) fn micros_behind(&self, now: Timestamp) -> i64 {
        let since = *self.behind_since.lock().unwrap_or_else(PoisonError::into_inner);
        match since {
            Some(since) if self.events_behind() > 0 => now.0.saturating_sub(since.0).max(0),
            Some(_) | None => 0,
        }
    }

    fn high(&self) -> u64 {
        *self.high.borrow()
    }

    fn set_behind(&self, since: Option<Timestamp>) {
        *self.behind_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}
