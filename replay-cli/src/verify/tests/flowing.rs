//! Stores as a reader finds them while events flow in.

use std::sync::Arc;

use async_trait::async_trait;
use chimera_model::{
    KvMutation, KvSpec, Row, RowKey, RowMutation, SearchMutation, SearchSpec, TableSpec,
};
use chimera_stores::search::{Document, Found, Query, SearchReader, SearchWriter};
use chimera_stores::{
    Checkpoint, Cursor, KvReader, KvValue, KvWriter, Listing, Page, RowReader, RowWriter, Scanned,
    StoreError, View,
};

use super::flow::Flow;

/// A page is so small that a scan has many.
const PAGE: usize = 9;

/// The stores, before each read of which something is written.
pub(super) struct Flowing(pub(super) Arc<Flow>);

#[async_trait]
impl RowReader for Flowing {
    async fn get(
        &self,
        view: View,
        table: &'static TableSpec,
        key: &RowKey,
    ) -> Result<Option<Row>, StoreError> {
        if view.model == self.0.model.name {
            self.0.step().await;
        }
        self.0.inner.rows.get(view, table, key).await
    }

    async fn list(&self, view: View, listing: Listing<'_>) -> Result<Page<Row>, StoreError> {
        self.0.inner.rows.list(view, listing).await
    }

    async fn scan(
        &self,
        view: View,
        table: &'static TableSpec,
        after: Option<&Cursor>,
        _limit: usize,
    ) -> Result<Page<Scanned<RowKey, Row>>, StoreError> {
        self.0.step().await;
        self.0.inner.rows.scan(view, table, after, PAGE).await
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        match self.0.told(view).await {
            Some(told) => Ok(told),
            None => self.0.inner.rows.checkpoints(view).await,
        }
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        self.0.inner.rows.generations(model).await
    }
}

#[async_trait]
impl RowWriter for Flowing {
    async fn create(&self, view: View, tables: &[&'static TableSpec]) -> Result<(), StoreError> {
        self.0.inner.rows.create(view, tables).await
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[RowMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        self.0.inner.rows.apply(view, mutations, checkpoints).await
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.0.inner.rows.remove(view).await
    }
}

#[async_trait]
impl KvReader for Flowing {
    async fn get(
        &self,
        view: View,
        space: &'static KvSpec,
        id: &str,
    ) -> Result<Option<KvValue>, StoreError> {
        self.0.step().await;
        self.0.inner.kv.get(view, space, id).await
    }

    async fn scan(
        &self,
        view: View,
        space: &'static KvSpec,
        after: Option<&Cursor>,
        _limit: usize,
    ) -> Result<Page<Scanned<String, (String, KvValue)>>, StoreError> {
        self.0.step().await;
        self.0.inner.kv.scan(view, space, after, PAGE).await
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        match self.0.told(view).await {
            Some(told) => Ok(told),
            None => self.0.inner.kv.checkpoints(view).await,
        }
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        self.0.inner.kv.generations(model).await
    }
}

#[async_trait]
impl KvWriter for Flowing {
    async fn create(&self, view: View, spaces: &[&'static KvSpec]) -> Result<(), StoreError> {
        self.0.inner.kv.create(view, spaces).await
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[KvMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        self.0.inner.kv.apply(view, mutations, checkpoints).await
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.0.inner.kv.remove(view).await
    }
}

#[async_trait]
impl SearchReader for Flowing {
    async fn search(
        &self,
        view: View,
        spec: &'static SearchSpec,
        query: &Query,
    ) -> Result<Found, StoreError> {
        self.0.inner.search.search(view, spec, query).await
    }

    async fn get(
        &self,
        view: View,
        spec: &'static SearchSpec,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.0.step().await;
        self.0.inner.search.get(view, spec, id).await
    }

    async fn scan(
        &self,
        view: View,
        spec: &'static SearchSpec,
        after: Option<&Cursor>,
        _limit: usize,
    ) -> Result<Page<Scanned<String, (String, Document)>>, StoreError> {
        self.0.step().await;
        self.0.inner.search.scan(view, spec, after, PAGE).await
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        match self.0.told(view).await {
            Some(told) => Ok(told),
            None => self.0.inner.search.checkpoints(view).await,
        }
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        self.0.inner.search.generations(model).await
    }
}

#[async_trait]
impl SearchWriter for Flowing {
    async fn create(&self, view: View, specs: &[&'static SearchSpec]) -> Result<(), StoreError> {
        self.0.inner.search.create(view, specs).await
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[SearchMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        self.0.inner.search.apply(view, mutations, checkpoints).await
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.0.inner.search.remove(view).await
    }
}
