//! A cache that is asked only as long as it is quick: readers have another place to look.
//!
//! A cache that did not answer is left alone for a moment, so that not every reader waits for it in vain.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chimera_model::KvSpec;
use chimera_stores::{Checkpoint, Cursor, KvReader, KvValue, Page, Scanned, StoreError, View};
use tokio::time::{Instant, timeout};

/// How long one answer may take.
const LONGEST: Duration = Duration::from_millis(250);
/// For how long a cache that did not answer is not asked.
const REST: Duration = Duration::from_millis(500);

/// Asks a cache, with little patience.
pub struct Impatient {
    cache: Arc<dyn KvReader>,
    resting_until: Mutex<Option<Instant>>,
}

impl Impatient {
    /// Asks this cache.
    #[must_use]
    pub fn new(cache: Arc<dyn KvReader>) -> Self {
        Self { cache, resting_until: Mutex::default() }
    }

    async fn ask<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.is_resting() {
            return Err(away("it did not answer a moment ago"));
        }
        let answer = match timeout(LONGEST, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(away("it is slow")),
        };
        if matches!(answer, Err(StoreError::Transient(_) | StoreError::Saturated(_))) {
            *self.lock() = Some(Instant::now() + REST);
        }
        answer
    }

    fn is_resting(&self) -> bool {
        self.lock().is_some_and(|until| Instant::now() < until)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.resting_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn away(why: &str) -> StoreError {
    StoreError::Transient(format!("the cache is left alone: {why}"))
}

#[async_trait]
impl KvReader for Impatient {
    async fn get(
        &self,
        view: View,
        space: &'static KvSpec,
        id: &str,
    ) -> Result<Option<KvValue>, StoreError> {
        self.ask(self.cache.get(view, space, id)).await
    }

    async fn get_many(
        &self,
        view: View,
        space: &'static KvSpec,
        ids: &[&str],
    ) -> Result<Vec<Option<KvValue>>, StoreError> {
        self.ask(self.cache.get_many(view, space, ids)).await
    }

    async fn scan(
        &self,
        view: View,
        space: &'static KvSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, KvValue)>>, StoreError> {
        self.cache.scan(view, space, after, limit).await
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        self.cache.checkpoints(view).await
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        self.cache.generations(model).await
    }
}
