//! Totals: the rows of one partition as they stand after its events, read from the store once and then kept in memory.
//!
//! A row knows the last sequence that it holds, so an event read again adds nothing. The memory is bounded: it is given up
//! whole when it is full, after its rows have been written. An event that comes late, because it could not be applied when it
//! was met, is not in a row that has gone on: such rows are added up again, see [`Adding`].

use std::collections::{BTreeMap, BTreeSet};

use chimera_model::total::{continued, healed, sequence_of};
use chimera_model::{Change, Row, RowKey, RowMutation, TableSpec, Value};
use chimera_stores::StoreError;

use crate::target::Target;

/// How many rows are kept in memory for each partition.
const MOST_ROWS: usize = 10_000;

type Key = fn(&Change) -> Option<RowKey>;
type Fold = fn(Option<&Row>, &Change) -> Option<Row>;

/// The rows that the events of one partition add up to.
pub(crate) struct Folding {
    table: &'static TableSpec,
    key: Key,
    fold: Fold,
    rows: BTreeMap<RowKey, Option<Row>>,
}

impl Folding {
    pub(crate) fn new(table: &'static TableSpec, key: Key, fold: Fold) -> Self {
        Self { table, key, fold, rows: BTreeMap::new() }
    }

    /// The rows that these changes leave, each once.
    ///
    /// # Errors
    /// If the store cannot give the rows before; then nothing has been folded, and the same changes can be given again.
    pub(crate) async fn fold(
        &mut self,
        changes: &[Change],
        target: &Target,
    ) -> Result<Vec<RowMutation>, StoreError> {
        self.load(changes, target).await?;
        let mut touched = BTreeSet::new();
        for change in changes {
            let Some(key) = (self.key)(change) else { continue };
            let row = self.rows.entry(key.clone()).or_default();
            let before = row.as_ref().map_or(0, |row| row.version);
            if sequence_of(before) >= change.meta().sequence {
                continue;
            }
            if let Some(mut after) = (self.fold)(row.as_ref(), change) {
                after.version = continued(before, change.meta().sequence);
                *row = Some(after);
                touched.insert(key);
            }
        }
        let rows = touched.iter().filter_map(|key| self.rows.get(key)?.clone());
        Ok(rows.map(|row| RowMutation::replacing(self.table, row)).collect())
    }

    /// Forgets all rows: they are read from the store again.
    pub(crate) fn forget(&mut self) {
        self.rows.clear();
    }

    /// Which row an event adds to.
    pub(crate) fn key(&self, change: &Change) -> Option<RowKey> {
        (self.key)(change)
    }

    /// Starts to add up these rows from nothing.
    pub(crate) fn adding(&self, keys: BTreeSet<RowKey>) -> Adding {
        let rows = keys.into_iter().map(|key| (key, None)).collect();
        Adding { table: self.table, key: self.key, fold: self.fold, rows }
    }

    async fn load(&mut self, changes: &[Change], target: &Target) -> Result<(), StoreError> {
        if self.rows.len() > MOST_ROWS {
            self.rows.clear();
        }
        let mut missing = BTreeSet::new();
        for key in changes.iter().filter_map(self.key) {
            if !self.rows.contains_key(&key) {
                missing.insert(key);
            }
        }
        let missing: Vec<RowKey> = missing.into_iter().collect();
        let found = target.rows(self.table, &missing).await?;
        self.rows.extend(missing.into_iter().zip(found));
        Ok(())
    }
}

/// Some rows of a total, added up anew from the first event on. Give it every event of the partition that is to be in them.
pub(crate) struct Adding {
    table: &'static TableSpec,
    key: Key,
    fold: Fold,
    rows: BTreeMap<RowKey, Option<Row>>,
}

impl Adding {
    pub(crate) fn add(&mut self, change: &Change) {
        let Some(row) = (self.key)(change).and_then(|key| self.rows.get_mut(&key)) else { return };
        if let Some(mut after) = (self.fold)(row.as_ref(), change) {
            after.version = change.meta().sequence;
            *row = Some(after);
        }
    }

    /// What makes the store's rows these, above whatever they are now; nothing for those that are the same already.
    ///
    /// # Errors
    /// As the store says; rejected where a row has been healed too often.
    pub(crate) async fn writes(self, target: &Target) -> Result<Vec<RowMutation>, StoreError> {
        let keys: Vec<RowKey> = self.rows.keys().cloned().collect();
        let stored = target.rows(self.table, &keys).await?;
        let mut writes = vec![];
        for (anew, stored) in self.rows.into_values().zip(stored) {
            let Some(anew) = anew else { continue };
            let before = stored.as_ref().map_or(0, |row| row.version);
            let same = stored.as_ref().is_some_and(|row| row.cells == anew.cells);
            if same && sequence_of(before) == anew.version {
                continue;
            }
            writes.push(replacing(self.table, anew, before)?);
        }
        Ok(writes)
    }
}

/// Every cell, so that nothing of the row before is left.
fn replacing(table: &'static TableSpec, row: Row, before: u64) -> Result<RowMutation, StoreError> {
    let Some(version) = healed(before, row.version) else {
        let text =
            format!("a row of {} was healed too often; rebuild it with `replay run`", table.name);
        return Err(StoreError::Rejected(text));
    };
    let mut cells = vec![];
    for column in table.columns {
        let value = row.cells.get(column.name).cloned().unwrap_or(Value::Null);
        cells.push((column.name, value));
    }
    Ok(RowMutation::Upsert { table, key: row.key, cells, version })
}
