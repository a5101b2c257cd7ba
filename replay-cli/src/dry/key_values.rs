//! The key-values of a view that is not written.

use std::sync::Arc;

use async_trait::async_trait;
use chimera_model::{KvMutation, KvSpec};
use chimera_stores::{
    Checkpoint, Cursor, KvReader, KvStore, KvValue, KvWriter, Page, Scanned, StoreError, View,
};

use super::Dry;

pub(super) struct DryKeyValues {
    pub(super) dry: Arc<Dry>,
    pub(super) beneath: Arc<dyn KvStore>,
}

#[async_trait]
impl KvReader for DryKeyValues {
    async fn get(
        &self,
        view: View,
        space: &'static KvSpec,
        id: &str,
    ) -> Result<Option<KvValue>, StoreError> {
        self.beneath.get(view, space, id).await
    }

    async fn scan(
        &self,
        view: View,
        space: &'static KvSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, KvValue)>>, StoreError> {
        self.beneath.scan(view, space, after, limit).await
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
impl KvWriter for DryKeyValues {
    async fn create(&self, view: View, spaces: &[&'static KvSpec]) -> Result<(), StoreError> {
        if self.dry.is_of(view) {
            return Ok(());
        }
        self.beneath.create(view, spaces).await
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[KvMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        if !self.dry.is_of(view) {
            return self.beneath.apply(view, mutations, checkpoints).await;
        }
        for mutation in mutations {
            self.dry.told.part(mutation);
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
