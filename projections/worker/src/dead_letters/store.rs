//! The row store, as dead letters use it: the view made once, lists read whole.

use std::sync::Arc;

use chimera_model::{Row, RowKey, RowMutation, TableSpec, Value};
use chimera_stores::{Cursor, Listing, RowStore, StoreError};
use tokio::sync::OnceCell;

use super::tables::{ALL, VIEW};
use crate::Clock;

const PAGE: usize = 1_000;

/// Where dead letters lie. Clones share what is known of it.
#[derive(Clone)]
pub(crate) struct LetterStore {
    rows: Arc<dyn RowStore>,
    pub(super) clock: Clock,
    created: Arc<OnceCell<()>>,
}

impl LetterStore {
    pub(crate) fn new(rows: Arc<dyn RowStore>, clock: Clock) -> Self {
        Self { rows, clock, created: Arc::default() }
    }

    /// Makes the view where it is missing; several at once are one.
    pub(crate) async fn create(&self) -> Result<(), StoreError> {
        self.created.get_or_try_init(|| self.rows.create(VIEW, &ALL)).await.map(|&()| ())
    }

    /// Whether anything was ever written; asking makes nothing.
    pub(super) async fn is_there(&self) -> Result<bool, StoreError> {
        if self.created.initialized() {
            return Ok(true);
        }
        Ok(self.rows.generations(VIEW.model).await?.contains(&VIEW.generation))
    }

    pub(super) async fn apply(&self, mutations: &[RowMutation]) -> Result<(), StoreError> {
        for part in mutations.chunks(PAGE) {
            self.rows.apply(VIEW, part, &[]).await?;
        }
        Ok(())
    }

    pub(super) async fn rows(
        &self,
        table: &'static TableSpec,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Row>>, StoreError> {
        self.rows.get_many(VIEW, table, keys).await
    }

    /// Gives every row of a partition key to `each`, in order.
    pub(super) async fn each(
        &self,
        table: &'static TableSpec,
        partition_key: &[Value],
        mut each: impl FnMut(Row) + Send,
    ) -> Result<(), StoreError> {
        let mut after: Option<Cursor> = None;
        loop {
            let listing = Listing { table, partition_key, after: after.as_ref(), limit: PAGE };
            let page = self.rows.list(VIEW, listing).await?;
            page.items.into_iter().for_each(&mut each);
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// The first rows of a partition key.
    pub(super) async fn first(
        &self,
        table: &'static TableSpec,
        partition_key: &[Value],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let listing = Listing { table, partition_key, after: None, limit };
        Ok(self.rows.list(VIEW, listing).await?.items)
    }
}
