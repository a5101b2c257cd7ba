//! The tables of a view that is not written; the views beside it, such as that of the dead letters, are.

use std::sync::Arc;

use async_trait::async_trait;
use chimera_model::{Row, RowKey, RowMutation, TableSpec};
use chimera_stores::{
    Checkpoint, Cursor, Listing, Page, RowReader, RowStore, RowWriter, Scanned, StoreError, View,
};

use super::Dry;

pub(super) struct DryRows {
    pub(super) dry: Arc<Dry>,
    pub(super) beneath: Arc<dyn RowStore>,
}

#[async_trait]
impl RowReader for DryRows {
    async fn get(
        &self,
        view: View,
        table: &'static TableSpec,
        key: &RowKey,
    ) -> Result<Option<Row>, StoreError> {
        if self.dry.is_of(view) {
            if let Some(row) = self.dry.kept(table.name, key) {
                return Ok(Some(row));
            }
            if self.dry.has_nothing_before() {
                return Ok(None);
            }
        }
        self.beneath.get(view, table, key).await
    }

    async fn list(&self, view: View, listing: Listing<'_>) -> Result<Page<Row>, StoreError> {
        self.beneath.list(view, listing).await
    }

    async fn scan(
        &self,
        view: View,
        table: &'static TableSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<RowKey, Row>>, StoreError> {
        self.beneath.scan(view, table, after, limit).await
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
impl RowWriter for DryRows {
    async fn create(&self, view: View, tables: &[&'static TableSpec]) -> Result<(), StoreError> {
        if self.dry.is_of(view) {
            return Ok(());
        }
        self.beneath.create(view, tables).await
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[RowMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        if !self.dry.is_of(view) {
            return self.beneath.apply(view, mutations, checkpoints).await;
        }
        for mutation in mutations {
            if self.dry.keeps_rows {
                self.dry.keep(mutation);
            }
            self.dry.told.row(mutation);
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
