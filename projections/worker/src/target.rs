//! One view in the stores that its read model uses: made, resumed, written; data first, then the checkpoint.
//!
//! A model with rows and key-values keeps a checkpoint in each store and resumes from the smaller one, which is harmless:
//! applying again changes nothing. Never retries; that is the feed's.

use std::collections::BTreeMap;
use std::sync::Arc;

use chimera_log::Partition;
use chimera_model::{KvMutation, Mutation, ReadModel, Row, RowKey, RowMutation, TableSpec};
use chimera_stores::{Checkpoint, KvStore, RowStore, StoreError, View};

use crate::dead_letters::{LetterStore, Queue};
use crate::feeder::Stores;

/// What a batch of events wants of the stores.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    pub(crate) rows: Vec<RowMutation>,
    pub(crate) kv: Vec<KvMutation>,
}

impl Writes {
    pub(crate) fn extend(&mut self, mutations: Vec<Mutation>) {
        for mutation in mutations {
            match mutation {
                Mutation::Row(row) => self.rows.push(row),
                Mutation::Kv(part) => self.kv.push(part),
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.kv.is_empty()
    }
}

/// A view and the stores that hold it.
#[derive(Clone)]
pub struct Target {
    view: View,
    model: &'static ReadModel,
    rows: Option<Arc<dyn RowStore>>,
    kv: Option<Arc<dyn KvStore>>,
    letters: LetterStore,
}

impl Target {
    pub(crate) fn new(
        model: &'static ReadModel,
        generation: u32,
        Stores { rows, kv }: Stores,
        letters: LetterStore,
    ) -> Self {
        Self {
            view: View::new(model.name, generation),
            model,
            rows: (!model.tables.is_empty()).then_some(rows),
            kv: (!model.spaces.is_empty()).then_some(kv),
            letters,
        }
    }

    /// Which generation of which model.
    #[must_use]
    pub fn view(&self) -> View {
        self.view
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &'static ReadModel {
        self.model
    }

    /// Makes the view where it is missing, and that of the dead letters; one that is there keeps what it holds.
    ///
    /// # Errors
    /// As the stores say; fatal if the view is there with other tables.
    pub async fn create(&self) -> Result<(), StoreError> {
        if let Some(rows) = &self.rows {
            rows.create(self.view, self.model.tables).await?;
        }
        if let Some(kv) = &self.kv {
            kv.create(self.view, self.model.spaces).await?;
        }
        self.letters.create().await
    }

    /// The dead letters of one of its partitions.
    pub(crate) fn queue(&self, partition: &Partition) -> Queue {
        Queue::new(self.letters.clone(), self.view, partition.clone())
    }

    /// Up to where each partition has been applied in all stores of the view; a partition never begun is missing.
    ///
    /// # Errors
    /// As the stores say.
    pub async fn applied(&self) -> Result<BTreeMap<Partition, u64>, StoreError> {
        let rows = match &self.rows {
            Some(rows) => Some(by_partition(rows.checkpoints(self.view).await?)),
            None => None,
        };
        let kv = match &self.kv {
            Some(kv) => Some(by_partition(kv.checkpoints(self.view).await?)),
            None => None,
        };
        Ok(match (rows, kv) {
            (Some(rows), Some(kv)) => smaller(&rows, &kv),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => BTreeMap::new(),
        })
    }

    /// The rows of these keys as they stand in the store.
    pub(crate) async fn rows(
        &self,
        table: &'static TableSpec,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Row>>, StoreError> {
        match &self.rows {
            Some(rows) => rows.get_many(self.view, table, keys).await,
            None => Ok(vec![None; keys.len()]),
        }
    }

    /// Data, then the checkpoint if there is one, in each store.
    pub(crate) async fn write(
        &self,
        writes: &Writes,
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        let rows = async {
            match &self.rows {
                Some(rows) => rows.apply(self.view, &writes.rows, checkpoints).await,
                None => Ok(()),
            }
        };
        let kv = async {
            match &self.kv {
                Some(kv) => kv.apply(self.view, &writes.kv, checkpoints).await,
                None => Ok(()),
            }
        };
        let (rows, kv) = tokio::join!(rows, kv);
        rows.and(kv)
    }
}

fn by_partition(checkpoints: Vec<Checkpoint>) -> BTreeMap<Partition, u64> {
    let mut applied = BTreeMap::new();
    for Checkpoint { stream, partition, sequence } in checkpoints {
        applied.insert(Partition { stream, index: partition }, sequence);
    }
    applied
}

fn smaller(a: &BTreeMap<Partition, u64>, b: &BTreeMap<Partition, u64>) -> BTreeMap<Partition, u64> {
    let mut both = BTreeMap::new();
    for (partition, sequence) in a {
        if let Some(other) = b.get(partition) {
            both.insert(partition.clone(), *sequence.min(other));
        }
    }
    both
}
