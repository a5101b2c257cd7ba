//! The documents of a view that is not written.

use std::sync::Arc;

use async_trait::async_trait;
use chimera_model::{SearchMutation, SearchSpec};
use chimera_stores::search::{Document, Found, Query, SearchReader, SearchStore, SearchWriter};
use chimera_stores::{Checkpoint, Cursor, Page, Scanned, StoreError, View};

use super::Dry;

pub(super) struct DryDocuments {
    pub(super) dry: Arc<Dry>,
    pub(super) beneath: Arc<dyn SearchStore>,
}

#[async_trait]
impl SearchReader for DryDocuments {
    async fn search(
        &self,
        view: View,
        spec: &'static SearchSpec,
        query: &Query,
    ) -> Result<Found, StoreError> {
        self.beneath.search(view, spec, query).await
    }

    async fn get(
        &self,
        view: View,
        spec: &'static SearchSpec,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.beneath.get(view, spec, id).await
    }

    async fn scan(
        &self,
        view: View,
        spec: &'static SearchSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, Document)>>, StoreError> {
        self.beneath.scan(view, spec, after, limit).await
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        if self.dry.is_of(view) {
            return Ok(self.dry.checkpoints());
        }
        self.beneath.checkpoints(view).await
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        self.beneath.generations(model).await
    }
}

#[async_trait]
impl SearchWriter for DryDocuments {
    async fn create(&self, view: View, specs: &[&'static SearchSpec]) -> Result<(), StoreError> {
        if self.dry.is_of(view) {
            return Ok(());
        }
        self.beneath.create(view, specs).await
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[SearchMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        if !self.dry.is_of(view) {
            return self.beneath.apply(view, mutations, checkpoints).await;
        }
        for mutation in mutations {
            self.dry.told.fields(mutation);
        }
        self.dry.advance(checkpoints);
        Ok(())
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        if self.dry.is_of(view) {
            return Ok(());
        }
        self.beneath.remove(view).await
    }
}
