//! The key-values of the read models, which a test can take away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chimera_model::KvSpec;
use chimera_stores::{
    Checkpoint, Cursor, EmbeddedKv, KvReader, KvValue, Page, Scanned, StoreError, View,
};

pub(crate) struct Cache {
    store: Arc<EmbeddedKv>,
    pub(crate) is_away: AtomicBool,
    pub(crate) is_empty: AtomicBool,
}

impl Cache {
    pub(crate) fn new(store: Arc<EmbeddedKv>) -> Self {
        Self { store, is_away: AtomicBool::new(false), is_empty: AtomicBool::new(false) }
    }
}

#[async_trait]
impl KvReader for Cache {
    async fn get(
        &self,
        view: View,
        space: &'static KvSpec,
        id: &str,
    ) -> Result<Option<KvValue>, StoreError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(StoreError::Transient("taken away".into()));
        }
        if self.is_empty.load(Ordering::Relaxed) {
            return Ok(None);
        }
        self.store.get(view, space, id).await
    }

    async fn scan(
        &self,
        view: View,
        space: &'static KvSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, KvValue)>>, StoreError> {
        self.store.scan(view, space, after, limit).await
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        self.store.checkpoints(view).await
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        self.store.generations(model).await
    }
}
