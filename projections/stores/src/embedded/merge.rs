//! One apply: reads every row that is touched once, merges all mutations in memory, and gives what has changed.
//!
//! Mutations of the same row see each other. Nothing is written here.

use std::collections::HashMap;

use chimera_model::RowMutation;
use fjall::{OwnedWriteBatch, Slice};
use xxhash_rust::xxh3::Xxh3DefaultBuilder;

use super::catalogue::{OpenSpace, OpenView};
use super::database::store_error;
use super::row::{Content, StoredRow};
use super::rows::{damaged, space};
use super::seal::{seal, unseal};
use crate::error::StoreError;
use crate::fitting::{check_kind, column, key_bytes, target};
use crate::text::key_text;

/// A row that some mutation touches.
struct Touched<'a> {
    space: &'a OpenSpace,
    key: Vec<u8>,
    stored: Option<Slice>,
}

/// All rows that the mutations touch, and for each mutation which.
pub(super) struct Touching<'a> {
    rows: Vec<Touched<'a>>,
    of_mutation: Vec<usize>,
}

impl<'a> Touching<'a> {
    /// Reads them.
    pub(super) fn read(
        open: &'a OpenView,
        mutations: &'a [RowMutation],
    ) -> Result<Self, StoreError> {
        let mut seen = HashMap::<(&str, Vec<u8>), usize, _>::with_capacity_and_hasher(
            mutations.len(),
            Xxh3DefaultBuilder::new(),
        );
        let mut touching = Self { rows: Vec::new(), of_mutation: Vec::new() };
        for mutation in mutations {
            let (table, row_key, _version) = target(mutation)?;
            let bytes = key_bytes(table, row_key)?;
            let next = touching.rows.len();
            let index = *seen.entry((table.name, bytes.clone())).or_insert(next);
            touching.of_mutation.push(index);
            if index == next {
                let space = space(open, table)?;
                let stored = space.keyspace.get(&bytes).map_err(store_error)?;
                touching.rows.push(Touched { space, key: bytes, stored });
            }
        }
        Ok(touching)
    }

    /// Adds what the mutations change to the batch.
    pub(super) fn merge_into(
        &'a self,
        batch: &mut OwnedWriteBatch,
        mutations: &'a [RowMutation],
    ) -> Result<(), StoreError> {
        let mut rows: Vec<Option<(StoredRow<'a>, bool)>> = Vec::new();
        rows.resize_with(self.rows.len(), || None);
        for (mutation, index) in mutations.iter().zip(&self.of_mutation) {
            let merged = match &mut rows[*index] {
                Some(merged) => merged,
                absent => absent.insert((self.rows[*index].decode(mutation)?, false)),
            };
            merged.1 |= merge(&mut merged.0, mutation)?;
        }
        for (touched, merged) in self.rows.iter().zip(rows) {
            if let Some((row, true)) = merged {
                let value = row.encode().map_err(|e| StoreError::Fatal(e.to_string()))?;
                let sealed = seal(&touched.key, value);
                batch.insert(&touched.space.keyspace, touched.key.as_slice(), sealed);
            }
        }
        Ok(())
    }
}

impl Touched<'_> {
    fn decode(&self, mutation: &RowMutation) -> Result<StoredRow<'_>, StoreError> {
        let Some(sealed) = &self.stored else {
            return Ok(StoredRow::default());
        };
        let (table, row_key, _version) = target(mutation)?;
        unseal(&self.key, sealed)
            .and_then(StoredRow::decode)
            .map_err(|why| damaged(table, &key_text(row_key), &why))
    }
}

fn merge<'a>(row: &mut StoredRow<'a>, mutation: &'a RowMutation) -> Result<bool, StoreError> {
    match mutation {
        RowMutation::Delete { version, .. } => Ok(row.delete(*version)),
        RowMutation::Upsert { table, cells, version, .. } => {
            let seen = row.admits(*version);
            let mut changed = seen && row.write(*version);
            for (hint, (name, value)) in cells.iter().enumerate() {
                let column = column(table, name, hint)?;
                check_kind(table, &table.columns[usize::from(column)], value)?;
                changed |= seen && row.set(column, *version, Content::of(value));
            }
            Ok(changed)
        }
    }
}
