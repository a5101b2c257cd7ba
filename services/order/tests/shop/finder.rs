//! The documents of the read models, which a test can take away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chimera_model::SearchSpec;
use chimera_stores::search::{Document, Found, Query, SearchReader};
use chimera_stores::{Checkpoint, Cursor, EmbeddedSearch, Page, Scanned, StoreError, View};

pub(crate) struct Finder {
    store: Arc<EmbeddedSearch>,
    pub(crate) is_away: AtomicBool,
}

impl Finder {
    pub(crate) fn new(store: Arc<EmbeddedSearch>) -> Self {
        Self { store, is_away: AtomicBool::new(false) }
    }
}

#[async_trait]
impl SearchReader for Finder {
    async fn search(
        &self,
        view: View,
        spec: &'static SearchSpec,
        query: &Query,
    ) -> Result<Found, StoreError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(StoreError::Transient("taken away".into()));
        }
        self.store.search(view, spec, query).await
    }

    async fn get(
        &self,
        view: View,
        spec: &'static SearchSpec,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.store.get(view, spec, id).await
    }

    async fn scan(
        &self,
        view: View,
        spec: &'static SearchSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, Document)>>, StoreError> {
        self.store.scan(view, spec, after, limit).await
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        self.store.checkpoints(view).await
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        self.store.generations(model).await
    }
}
