//! Tables on fjall: one keyspace a table and generation, one entry a row, one batch an apply.

use std::ops::Bound;
use std::path::Path;

use async_trait::async_trait;
use chimera_model::{Row, RowKey, RowMutation, TableSpec};

use super::catalogue::{Catalogue, OpenSpace, OpenView};
use super::database::{Options, store_error};
use super::merge::Touching;
use super::paging::{self, Pager};
use super::row::StoredRow;
use super::seal::unseal;
use crate::error::{OpenError, StoreError};
use crate::fitting::{key_bytes, partition_bytes};
use crate::key::Decoder;
use crate::layout;
use crate::page::{Cursor, Page, Scanned};
use crate::rows::{Listing, RowReader, RowWriter};
use crate::text::key_text;
use crate::view::{Checkpoint, View};

/// The embedded row store.
pub struct EmbeddedRows {
    catalogue: Catalogue,
}

impl EmbeddedRows {
    pub(super) fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        Ok(Self { catalogue: Catalogue::open(path, options)? })
    }

    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.catalogue.flush()
    }

    pub(super) fn settle(&self) -> Result<(), StoreError> {
        self.catalogue.settle()
    }
}

#[cfg(feature = "testing")]
impl EmbeddedRows {
    /// Flips one bit of a stored row, as a bad disk or memory would, below every checksum of the storage engine.
    ///
    /// # Errors
    /// If there is no such row.
    pub fn damage(
        &self,
        view: View,
        table: &'static TableSpec,
        key: &RowKey,
    ) -> Result<(), StoreError> {
        let open = self.catalogue.readable(view)?;
        let (keyspace, bytes) = (&space(&open, table)?.keyspace, key_bytes(table, key)?);
        let Some(sealed) = keyspace.get(&bytes).map_err(store_error)? else {
            return Err(StoreError::Rejected(format!("there is no row {}", key_text(key))));
        };
        let mut flipped = sealed.to_vec();
        flipped[0] ^= 1;
        keyspace.insert(bytes, flipped).map_err(store_error)
    }
}

#[async_trait]
impl RowReader for EmbeddedRows {
    async fn get(
        &self,
        view: View,
        table: &'static TableSpec,
        key: &RowKey,
    ) -> Result<Option<Row>, StoreError> {
        let open = self.catalogue.readable(view)?;
        let bytes = key_bytes(table, key)?;
        let found = space(&open, table)?.keyspace.get(&bytes);
        let Some(sealed) =
            found.map_err(|error| damaged(table, &key_text(key), &error.to_string()))?
        else {
            return Ok(None);
        };
        visible(table, key, &bytes, &sealed).map_err(|why| damaged(table, &key_text(key), &why))
    }

    async fn list(&self, view: View, listing: Listing<'_>) -> Result<Page<Row>, StoreError> {
        let open = self.catalogue.readable(view)?;
        let table = listing.table;
        let prefix = partition_bytes(table, listing.partition_key)?;
        let start = list_start(&prefix, listing.after)?;
        let mut pager = Pager::new(listing.limit);
        let range = (start, Bound::Unbounded);
        for entry in space(&open, table)?.keyspace.range::<&[u8], _>(range) {
            let (bytes, sealed) = entry.into_inner().map_err(store_error)?;
            if !bytes.starts_with(&prefix) {
                break;
            }
            if let Some(row) = listed(table, &bytes, &sealed)?
                && !pager.push(row, bytes)
            {
                break;
            }
        }
        Ok(pager.page())
    }

    async fn scan(
        &self,
        view: View,
        table: &'static TableSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<RowKey, Row>>, StoreError> {
        let open = self.catalogue.readable(view)?;
        let keyspace = &space(&open, table)?.keyspace;
        Ok(paging::scan(keyspace, after, limit, |bytes, sealed| scanned(table, bytes, sealed)))
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        self.catalogue.checkpoints(view)
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        Ok(self.catalogue.generations(model))
    }
}

#[async_trait]
impl RowWriter for EmbeddedRows {
    async fn create(&self, view: View, tables: &[&'static TableSpec]) -> Result<(), StoreError> {
        let layouts = tables.iter().map(|table| (table.name.to_owned(), layout::of_table(table)));
        self.catalogue.create(view, &layouts.collect())
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[RowMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        let open = self.catalogue.writable(view)?;
        let _writing = open.lock()?;
        let mut batch = self.catalogue.batch();
        Touching::read(&open, mutations)?.merge_into(&mut batch, mutations)?;
        self.catalogue.add_checkpoints(&mut batch, view, checkpoints)?;
        batch.commit().map_err(store_error)
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.catalogue.remove(view)
    }
}

pub(super) fn space<'a>(
    open: &'a OpenView,
    table: &TableSpec,
) -> Result<&'a OpenSpace, StoreError> {
    open.space(table.name, || layout::of_table(table))
}

pub(super) fn damaged(table: &TableSpec, key: &str, why: &str) -> StoreError {
    let name = table.name;
    StoreError::Fatal(format!(
        "row {key} of {name} is damaged: {why}; rebuild the read model with `replay run`"
    ))
}

fn list_start<'a>(
    prefix: &'a [u8],
    after: Option<&'a Cursor>,
) -> Result<Bound<&'a [u8]>, StoreError> {
    match after {
        None => Ok(Bound::Included(prefix)),
        Some(cursor) if cursor.as_bytes().starts_with(prefix) => {
            Ok(Bound::Excluded(cursor.as_bytes()))
        }
        Some(_) => Err(StoreError::Rejected("the cursor belongs to another list".into())),
    }
}

fn visible(
    table: &TableSpec,
    key: &RowKey,
    bytes: &[u8],
    sealed: &[u8],
) -> Result<Option<Row>, String> {
    Ok(StoredRow::decode(unseal(bytes, sealed)?)?.visible(table, || key.clone()))
}

fn listed(table: &TableSpec, bytes: &[u8], sealed: &[u8]) -> Result<Option<Row>, StoreError> {
    let Some(key) = key_of(table, bytes) else {
        return Err(damaged(table, "?", "its key is not readable"));
    };
    visible(table, &key, bytes, sealed).map_err(|why| damaged(table, &key_text(&key), &why))
}

fn scanned(table: &TableSpec, bytes: &[u8], sealed: &[u8]) -> Option<Scanned<RowKey, Row>> {
    let Some(key) = key_of(table, bytes) else {
        let reason = "a key is not readable".to_owned();
        return Some(Scanned::Damaged { key: None, reason });
    };
    match visible(table, &key, bytes, sealed) {
        Ok(row) => row.map(Scanned::Sound),
        Err(reason) => Some(Scanned::Damaged { key: Some(key), reason }),
    }
}

fn key_of(table: &TableSpec, bytes: &[u8]) -> Option<RowKey> {
    let mut decoder = Decoder::new(bytes);
    let mut values = Vec::with_capacity(table.partition_key.len() + table.clustering.len());
    for column in table.partition_key.iter().chain(table.clustering) {
        values.push(decoder.value(column.order)?);
    }
    decoder.is_at_end().then_some(RowKey(values))
}
