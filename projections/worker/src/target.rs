//! One view in the stores that its read model uses: made, resumed, written; data first, then the checkpoint.
//!
//! A model in several stores keeps a checkpoint in each and resumes from the smallest one, which is harmless:
//! applying again changes nothing. Never retries; that is the feed's.

use std::collections::BTreeMap;
use std::sync::Arc;

use chimera_log::Partition;
use chimera_model::{
    KvMutation, Mutation, ReadModel, Row, RowKey, RowMutation, SearchMutation, TableSpec,
};
use chimera_stores::search::{Purpose, SearchStore};
use chimera_stores::{Checkpoint, KvStore, RowStore, StoreError, View};

use crate::dead_letters::{LetterStore, Queue};
use crate::feeder::Stores;

/// What a batch of events wants of the stores.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    pub(crate) rows: Vec<RowMutation>,
    pub(crate) kv: Vec<KvMutation>,
    pub(crate) search: Vec<SearchMutation>,
}

impl Writes {
    pub(crate) fn extend(&mut self, mutations: Vec<Mutation>) {
        for mutation in mutations {
            match mutation {
                Mutation::Row(row) => self.rows.push(row),
                Mutation::Kv(part) => self.kv.push(part),
                Mutation::Search(part) => self.search.push(part),
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.kv.is_empty() && self.search.is_empty()
    }
}

/// A view and the stores that hold it.
#[derive(Clone)]
pub struct Target {
    view: View,
    model: &'static ReadModel,
    rows: Option<Arc<dyn RowStore>>,
    kv: Option<Arc<dyn KvStore>>,
    search: Option<Arc<dyn SearchStore>>,
    letters: LetterStore,
}

impl Target {
    pub(crate) fn new(
        model: &'static ReadModel,
        generation: u32,
        stores: &Stores,
        letters: LetterStore,
    ) -> Self {
        Self {
            view: View::new(model.name, generation),
            model,
            rows: (!model.tables.is_empty()).then(|| stores.rows.clone()),
            kv: (!model.spaces.is_empty()).then(|| stores.kv.clone()),
            search: (!model.indices.is_empty()).then(|| stores.search.clone()),
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
        if let Some(search) = &self.search {
            search.create(self.view, self.model.indices).await?;
        }
        self.letters.create().await
    }

    /// Sets the stores up for filling the view, or for serving it.
    ///
    /// # Errors
    /// As the stores say.
    pub async fn tune(&self, purpose: Purpose) -> Result<(), StoreError> {
        match &self.search {
            Some(search) => search.tune(self.view, purpose).await,
            None => Ok(()),
        }
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
        let mut each = vec![];
        if let Some(rows) = &self.rows {
            each.push(by_partition(rows.checkpoints(self.view).await?));
        }
        if let Some(kv) = &self.kv {
            each.push(by_partition(kv.checkpoints(self.view).await?));
        }
        if let Some(search) = &self.search {
            each.push(by_partition(search.checkpoints(self.view).await?));
        }
        Ok(each.into_iter().reduce(|all, one| smaller(&all, &one)).unwrap_or_default())
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
        let search = async {
            match &self.search {
                Some(search) => search.apply(self.view, &writes.search, checkpoints).await,
                None => Ok(()),
            }
        };
        let (rows, kv, search) = tokio::join!(rows, kv, search);
        rows.and(kv).and(search)
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
