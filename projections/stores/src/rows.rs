//! The port for tables of rows: mutations guarded by versions in, rows in clustering order out.

use async_trait::async_trait;
use chimera_model::{Row, RowKey, RowMutation, TableSpec, Value};

use crate::error::StoreError;
use crate::page::{Cursor, Page, Scanned};
use crate::view::{Checkpoint, View};

/// Which rows a list shall give.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    /// Of which table.
    pub table: &'static TableSpec,
    /// Rows of this partition key only; a value for each of its columns.
    pub partition_key: &'a [Value],
    /// Where the page before ended.
    pub after: Option<&'a Cursor>,
    /// How many rows at most.
    pub limit: usize,
}

/// Reading rows. A generation that is gone is [`StoreError::Transient`]: ask again which one is live.
#[async_trait]
pub trait RowReader: Send + Sync {
    /// The row of this key.
    ///
    /// # Errors
    /// See [`StoreError`]; a damaged row is fatal and named.
    async fn get(
        &self,
        view: View,
        table: &'static TableSpec,
        key: &RowKey,
    ) -> Result<Option<Row>, StoreError>;

    /// The rows of these keys, in the same order.
    ///
    /// # Errors
    /// As [`RowReader::get`].
    async fn get_many(
        &self,
        view: View,
        table: &'static TableSpec,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Row>>, StoreError> {
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            rows.push(self.get(view, table, key).await?);
        }
        Ok(rows)
    }

    /// The rows of one partition key in the order of the clustering columns, page by page.
    ///
    /// # Errors
    /// As [`RowReader::get`]; [`StoreError::Rejected`] for a cursor of something else.
    async fn list(&self, view: View, listing: Listing<'_>) -> Result<Page<Row>, StoreError>;

    /// Every row of a table, in some stable order, page by page; goes on after a damaged row.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn scan(
        &self,
        view: View,
        table: &'static TableSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<RowKey, Row>>, StoreError>;

    /// How far the view is true, by stream and partition.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError>;

    /// The generations of a read model that exist in this store, in ascending order.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError>;
}

/// Writing rows. A view that was never created is [`StoreError::Fatal`].
#[async_trait]
pub trait RowWriter: Send + Sync {
    /// Makes an empty view with these tables; a view that is there with the same tables is left as it is.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] if it is there with other tables.
    async fn create(&self, view: View, tables: &[&'static TableSpec]) -> Result<(), StoreError>;

    /// Applies the mutations in order, then the checkpoints; never a checkpoint without its mutations. Applying again, or late,
    /// changes nothing.
    ///
    /// # Errors
    /// See [`StoreError`]; [`StoreError::Rejected`] names the mutation, and nothing of the call was applied.
    async fn apply(
        &self,
        view: View,
        mutations: &[RowMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError>;

    /// Removes a view, its rows and its checkpoints; one that isn't there is no error.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn remove(&self, view: View) -> Result<(), StoreError>;
}

/// A store of rows, to read and to write.
pub trait RowStore: RowReader + RowWriter {}

impl<S: RowReader + RowWriter> RowStore for S {}
