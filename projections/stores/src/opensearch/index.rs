//! One index as this process knows it: what it wrote last, and whether searches must wait for a refresh.
//!
//! What this process has applied, or has learnt from the checkpoints that others applied, its next search finds. A refresh is asked
//! for by the search that needs it; those that come meanwhile share it, and between two there is as long a pause as the last one
//! took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chimera_model::SearchSpec;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::cache::Cache;
use crate::error::StoreError;
use crate::view::View;

/// However long a refresh took.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// One index of a view.
pub(super) struct Index {
    pub(super) view: View,
    pub(super) name: String,
    pub(super) spec: &'static SearchSpec,
    pub(super) cache: Cache,
    /// How often something was applied, or was heard of.
    applied: AtomicU64,
    /// Up to which of those searches find it.
    refreshed: AtomicU64,
    turn: Mutex<Turn>,
}

/// Of refreshing.
struct Turn {
    not_before: Instant,
}

impl Index {
    pub(super) fn new(
        view: View,
        name: String,
        spec: &'static SearchSpec,
        remembered_bytes: usize,
    ) -> Self {
        Self {
            view,
            name,
            spec,
            cache: Cache::new(remembered_bytes),
            // What was there before this process began is refreshed once.
            applied: AtomicU64::new(1),
            refreshed: AtomicU64::new(0),
            turn: Mutex::new(Turn { not_before: Instant::now() }),
        }
    }

    /// Later searches must find what is there now.
    pub(super) fn is_newer(&self) {
        self.applied.fetch_add(1, Ordering::AcqRel);
    }

    /// Refreshes by `refresh` unless that is not needed.
    pub(super) async fn refreshed<F>(&self, refresh: impl FnOnce() -> F) -> Result<(), StoreError>
    where
        F: Future<Output = Result<(), StoreError>>,
    {
        let wanted = self.applied.load(Ordering::Acquire);
        if self.refreshed.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        let mut turn = self.turn.lock().await;
        if self.refreshed.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        tokio::time::sleep_until(turn.not_before).await;
        let covered = self.applied.load(Ordering::Acquire);
        let started = Instant::now();
        refresh().await?;
        self.refreshed.store(covered, Ordering::Release);
        turn.not_before = Instant::now() + started.elapsed().min(LONGEST_PAUSE);
        Ok(())
    }
}
