//! The log and the read stores beside it, and where they stand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use chimera_config::Config;
use chimera_domain::time::Timestamp;
use chimera_log::Partition;
use chimera_model::ReadModel;
use chimera_stores::{Checkpoint, StoreError, View};
use chimera_wiring::OpenStores;
use chimera_worker::{Feeder, Limits, Stores};

use crate::failure::Failure;
use crate::open_log::OpenLog;

/// The last sequence of each partition, or the last one applied.
pub(crate) type Positions = BTreeMap<Partition, u64>;

/// Bounded so that two read models at once, each from all its partitions, stay well under a gigabyte.
pub const LIMITS: Limits = Limits { events: 4096, bytes: 2 * 1024 * 1024, ..Limits::REBUILD };

/// An open log and the stores beside it.
pub(crate) struct Data {
    pub(crate) log: OpenLog,
    pub(crate) stores: OpenStores,
}

impl Data {
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        let log = OpenLog::open(config).await?;
        let opened = OpenStores::open(config, log.control.clone()).await;
        let stores = opened.map_err(Failure::opening)?;
        Ok(Self { log, stores })
    }

    /// The stores that hold the read models, to be fed.
    pub(crate) fn all(&self) -> Stores {
        let stores = &self.stores;
        Stores { rows: stores.rows(), kv: stores.kv(), search: stores.search() }
    }

    /// Feeds these stores from the log.
    pub(crate) fn feeder(&self, stores: Stores) -> Result<Feeder, Failure> {
        let feeder = Feeder::new(self.log.log.clone(), stores, LIMITS).map_err(Failure::failed)?;
        Ok(feeder.with_decoder(self.log.decoder.clone()))
    }

    /// The generation that readers see; none if no store holds any of it.
    pub(crate) async fn live(&self, model: &ReadModel) -> Result<Option<u32>, StoreError> {
        let live = self.stores.live().live_generation(model.name)?;
        Ok(self.generations(model).await?.contains(&live).then_some(live))
    }

    /// The generations that any of the stores holds, in ascending order.
    pub(crate) async fn generations(&self, model: &ReadModel) -> Result<Vec<u32>, StoreError> {
        let rows = self.stores.rows().generations(model.name).await?;
        let kv = self.stores.kv().generations(model.name).await?;
        let search = self.stores.search().generations(model.name).await?;
        Ok(rows.into_iter().chain(kv).chain(search).collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// How far each store has applied a view; none where the store should hold it and does not.
    pub(crate) async fn applied(
        &self,
        model: &ReadModel,
        view: View,
    ) -> Result<Applied, StoreError> {
        Applied::of(&self.all(), model, view).await
    }
}

/// The time of the machine.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// How far the stores have applied a view.
pub(crate) struct Applied {
    pub(crate) rows: Option<Positions>,
    pub(crate) kv: Option<Positions>,
    pub(crate) search: Option<Positions>,
}

impl Applied {
    /// How far each of these stores has applied a view; none where it does not hold it.
    pub(crate) async fn of(
        stores: &Stores,
        model: &ReadModel,
        view: View,
    ) -> Result<Self, StoreError> {
        let Stores { rows, kv, search } = stores;
        let mut applied = Self { rows: None, kv: None, search: None };
        if rows.generations(model.name).await?.contains(&view.generation) {
            applied.rows = Some(by_partition(rows.checkpoints(view).await?));
        }
        if kv.generations(model.name).await?.contains(&view.generation) {
            applied.kv = Some(by_partition(kv.checkpoints(view).await?));
        }
        if search.generations(model.name).await?.contains(&view.generation) {
            applied.search = Some(by_partition(search.checkpoints(view).await?));
        }
        Ok(applied)
    }

    /// The stores that a model needs and that do not hold it.
    pub(crate) fn missing(&self, model: &ReadModel) -> Option<&'static str> {
        if self.rows.is_none() && !model.tables.is_empty() {
            return Some("rows");
        }
        if self.kv.is_none() && !model.spaces.is_empty() {
            return Some("key-values");
        }
        (self.search.is_none() && !model.indices.is_empty()).then_some("documents")
    }

    /// How far each of the stores that hold the view has applied it.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Positions> {
        [&self.rows, &self.kv, &self.search].into_iter().flatten()
    }

    /// How far a partition is applied in all stores that hold the view.
    pub(crate) fn least(&self, partition: &Partition) -> u64 {
        self.each().map(|applied| applied.get(partition).copied().unwrap_or(0)).min().unwrap_or(0)
    }
}

fn by_partition(checkpoints: Vec<Checkpoint>) -> Positions {
    let mut positions = Positions::new();
    for Checkpoint { stream, partition, sequence } in checkpoints {
        positions.insert(Partition { stream, index: partition }, sequence);
    }
    positions
}
