//! Totals: the rows of one partition as they stand after its events, read from the store once and then kept in memory.
//!
//! A row knows the last sequence that it holds, so an event read again adds nothing. The memory is bounded: it is given up
//! whole when it is full, after its rows have been written.

use std::collections::{BTreeMap, BTreeSet};

use chimera_model::{Change, Row, RowKey, RowMutation, TableSpec};
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
            if row.as_ref().is_some_and(|row| row.version >= change.meta().sequence) {
                continue;
            }
            if let Some(mut after) = (self.fold)(row.as_ref(), change) {
                after.version = change.meta().sequence;
                *row = Some(after);
                touched.insert(key);
            }
        }
        let rows = touched.iter().filter_map(|key| self.rows.get(key)?.clone());
        Ok(rows.map(|row| RowMutation::replacing(self.table, row)).collect())
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
