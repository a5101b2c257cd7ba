//! A data directory, opened for this process alone: the log, the read stores, and where they stand.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use chimera_config::{Config, LogKind};
use chimera_domain::time::Timestamp;
use chimera_log::{EventLog, Partition};
use chimera_log_embedded::EmbeddedLog;
use chimera_model::ReadModel;
use chimera_stores::{Checkpoint, StoreError, View};
use chimera_wiring::{LogToRead, OpenStores, open_log_to_read, schemas};
use chimera_worker::{Decoder, Feeder, Limits, Stores};

use crate::failure::Failure;

/// The last sequence of each partition, or the last one applied.
pub(crate) type Positions = BTreeMap<Partition, u64>;

/// Bounded so that two read models at once, each from all its partitions, stay well under a gigabyte.
const LIMITS: Limits = Limits { events: 4096, bytes: 2 * 1024 * 1024, ..Limits::REBUILD };

/// An open data directory.
pub(crate) struct Data {
    pub(crate) dir: PathBuf,
    pub(crate) log: Arc<dyn EventLog>,
    /// The log itself where it lies in the data directory.
    pub(crate) embedded: Option<Arc<EmbeddedLog>>,
    pub(crate) stores: OpenStores,
    pub(crate) decoder: Arc<Decoder>,
}

impl Data {
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        let dir = config.data_dir.clone();
        if config.log.kind == LogKind::Embedded && !dir.join("log").is_dir() {
            return Err(Failure::Usage(format!(
                "there is no log in {}; name the data directory with --data",
                dir.join("log").display()
            )));
        }
        let LogToRead { log, embedded } = open_log_to_read(config).map_err(Failure::opening)?;
        note_torn_tails(embedded.as_deref());
        let ids = schemas::ids(config).await.map_err(Failure::opening)?;
        let decoder = Arc::new(Decoder::new(&ids).map_err(Failure::failed)?);
        let stores = OpenStores::open(config).await.map_err(Failure::opening)?;
        Ok(Self { dir, log, embedded, stores, decoder })
    }

    /// The stores that hold the read models, to be fed.
    pub(crate) fn all(&self) -> Stores {
        let stores = &self.stores;
        Stores { rows: stores.rows(), kv: stores.kv(), search: stores.search() }
    }

    /// Feeds these stores from the log.
    pub(crate) fn feeder(&self, stores: Stores) -> Result<Feeder, Failure> {
        let feeder = Feeder::new(self.log.clone(), stores, LIMITS).map_err(Failure::failed)?;
        Ok(feeder.with_decoder(self.decoder.clone()))
    }

    /// Where each partition of these streams ends now.
    pub(crate) fn ends(&self, streams: &[&str]) -> Result<Positions, Failure> {
        let mut ends = Positions::new();
        for stream in self.log.streams()? {
            if !streams.contains(&&*stream.name) {
                continue;
            }
            for index in 0..stream.partitions {
                let partition = Partition { stream: stream.name.clone(), index };
                let end = *self.log.high_watermark(&partition)?.borrow();
                ends.insert(partition, end);
            }
        }
        Ok(ends)
    }

    /// Where every partition ends now.
    pub(crate) fn all_ends(&self) -> Result<Positions, Failure> {
        let streams = self.log.streams()?;
        let names: Vec<&str> = streams.iter().map(|stream| &*stream.name).collect();
        self.ends(&names)
    }

    /// The generation that readers see.
    pub(crate) async fn live(&self, model: &ReadModel) -> Result<Option<u32>, StoreError> {
        self.stores.live().live_generation(model.name).await
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
        let (rows, kv) = (self.stores.rows(), self.stores.kv());
        let search = self.stores.search();
        let has_rows = rows.generations(model.name).await?.contains(&view.generation);
        let has_kv = kv.generations(model.name).await?.contains(&view.generation);
        let has_search = search.generations(model.name).await?.contains(&view.generation);
        let mut applied = Applied { rows: None, kv: None, search: None };
        if has_rows {
            applied.rows = Some(by_partition(rows.checkpoints(view).await?));
        }
        if has_kv {
            applied.kv = Some(by_partition(kv.checkpoints(view).await?));
        }
        if has_search {
            applied.search = Some(by_partition(search.checkpoints(view).await?));
        }
        Ok(applied)
    }
}

/// The time of the machine.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

fn note_torn_tails(log: Option<&EmbeddedLog>) {
    for torn in log.map(EmbeddedLog::torn_tails).unwrap_or_default() {
        let (partition, last, bytes) = (&torn.partition, torn.last_sequence, torn.bytes);
        let _ = writeln!(
            std::io::stderr(),
            "note: {partition} ends at sequence {last}; {bytes} bytes behind it, of an append that was never \
             acknowledged, were cut"
        );
    }
}

/// How far the stores have applied a view.
pub(crate) struct Applied {
    pub(crate) rows: Option<Positions>,
    pub(crate) kv: Option<Positions>,
    pub(crate) search: Option<Positions>,
}

impl Applied {
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
