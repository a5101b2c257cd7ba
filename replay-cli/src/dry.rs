//! Stores that write nothing: what a feed would write to one view, they only tell; everything else goes to the stores beneath.
//!
//! With them the one path of events into stores (reader, decoder, dead letters, projection) shows what it would do. Never holds
//! more than the rows of totals, which the next event needs.

mod documents;
mod key_values;
mod rows;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_log::Partition;
use chimera_model::{KvMutation, Projection, ReadModel, Row, RowKey, RowMutation, SearchMutation};
use chimera_stores::{Checkpoint, View};
use chimera_worker::Stores;

use crate::data::Positions;

use documents::DryDocuments;
use key_values::DryKeyValues;
use rows::DryRows;

/// Is told what would be written, in the order of each partition.
pub trait Told: Send + Sync {
    /// To a table.
    fn row(&self, mutation: &RowMutation);
    /// To a key-value.
    fn part(&self, mutation: &KvMutation);
    /// To a document.
    fn fields(&self, mutation: &SearchMutation);
}

/// What the view holds before the first event that is told of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// What the stores beneath hold of it.
    Beneath,
    /// Nothing.
    Nothing,
}

/// Shared by the three stores of a view.
struct Dry {
    view: View,
    before: Before,
    told: Arc<dyn Told>,
    /// A total is read again by the event after it.
    keeps_rows: bool,
    kept: Mutex<Kept>,
}

struct Kept {
    applied: BTreeMap<(Arc<str>, u32), u64>,
    rows: BTreeMap<(&'static str, RowKey), Row>,
}

/// Stores for a view of `model` that stands at `applied`.
pub fn stores(
    beneath: &Stores,
    (model, view): (&ReadModel, View),
    (before, applied): (Before, &Positions),
    told: Arc<dyn Told>,
) -> Stores {
    let applied = applied
        .iter()
        .map(|(Partition { stream, index }, sequence)| ((stream.clone(), *index), *sequence));
    let kept = Kept { applied: applied.collect(), rows: BTreeMap::new() };
    let keeps_rows = matches!(model.projection, Projection::Fold { .. });
    let dry = Arc::new(Dry { view, before, told, keeps_rows, kept: Mutex::new(kept) });
    Stores {
        rows: Arc::new(DryRows { dry: dry.clone(), beneath: beneath.rows.clone() }),
        kv: Arc::new(DryKeyValues { dry: dry.clone(), beneath: beneath.kv.clone() }),
        search: Arc::new(DryDocuments { dry, beneath: beneath.search.clone() }),
    }
}

impl Dry {
    fn is_of(&self, view: View) -> bool {
        self.view == view
    }

    fn has_nothing_before(&self) -> bool {
        self.before == Before::Nothing
    }

    fn advance(&self, checkpoints: &[Checkpoint]) {
        let mut kept = self.lock();
        for Checkpoint { stream, partition, sequence } in checkpoints {
            let applied = kept.applied.entry((stream.clone(), *partition)).or_default();
            *applied = (*applied).max(*sequence);
        }
    }

    fn checkpoints(&self) -> Vec<Checkpoint> {
        let mut checkpoints = Vec::new();
        for ((stream, partition), sequence) in &self.lock().applied {
            let (stream, partition, sequence) = (stream.clone(), *partition, *sequence);
            checkpoints.push(Checkpoint { stream, partition, sequence });
        }
        checkpoints
    }

    /// A total's mutation is its whole row.
    fn keep(&self, mutation: &RowMutation) {
        let RowMutation::Upsert { table, key, cells, version } = mutation else { return };
        let cells = cells.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let row = Row { key: key.clone(), cells: cells.collect(), version: *version };
        self.lock().rows.insert((table.name, key.clone()), row);
    }

    fn kept(&self, table: &'static str, key: &RowKey) -> Option<Row> {
        self.lock().rows.get(&(table, key.clone())).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
