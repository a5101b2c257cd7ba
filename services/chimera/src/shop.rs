//! The shop in one process: log, shards, processes, price table, read models, wired together. The one place that knows adapters.
//!
//! Holds no rule and no route. Every task is registered with the lifecycle, so that one which dies ends the process in order.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use chimera_checkpoints::EmbeddedCheckpoints;
use chimera_codec::SchemaIds;
use chimera_config::Config;
use chimera_domain::order::Order;
use chimera_domain::payment::Payment;
use chimera_domain::product::{self, Offer, Product};
use chimera_domain::stock::Stock;
use chimera_engine::{Cluster, Engine, EngineOptions, GlobalTable, Router, SystemClock};
use chimera_kit::health::Health;
use chimera_kit::lifecycle::Lifecycle;
use chimera_log::EventLog;
use chimera_query::Projections;
use chimera_wiring::{OpenLog, OpenStores, open_log};
use chimera_worker::Positions;

mod applied;
mod deciding;
pub mod errand;
mod figures;
mod nodes;
mod prices;
mod processes;
mod projections;
mod readiness;
mod settled;
mod shards;

use deciding::Deciding;
use nodes::Door;
pub use settled::Settled;

/// Bounds the memory that the checkpoint store uses to keep blocks.
const CHECKPOINT_CACHE_BYTES: u64 = 32 << 20;

/// The prices that orders see.
pub type Prices = GlobalTable<product::Event, Offer>;

/// Everything that runs, and the ways to it.
#[derive(Clone)]
pub struct Shop {
    /// The truth.
    pub log: Arc<dyn EventLog>,
    /// Partitions of each stream.
    pub partitions: u32,
    /// The shards of the products.
    pub products: Router<Product>,
    /// The shards of the stock.
    pub stock: Router<Stock>,
    /// The shards of the orders.
    pub orders: Router<Order>,
    /// The shards of the payments.
    pub payments: Router<Payment>,
    /// What the catalogue says, for orders.
    pub prices: Arc<Prices>,
    /// How far the processes have come.
    pub settled: Settled,
    /// The read stores.
    pub stores: OpenStores,
    /// How far the read models have come.
    pub positions: Positions,
    /// What staff can ask of them.
    pub projections: Projections,
    /// Under which ids the schemas of events are known.
    pub schemas: SchemaIds,
    /// Keeps other processes out of the data directory.
    _lock: Option<Arc<File>>,
}

/// What opens a shop.
pub struct Opening<'a> {
    /// The settings.
    pub config: &'a Config,
    /// Under which ids the schemas of events are known; see [`chimera_wiring::schemas::ids`].
    pub schemas: &'a SchemaIds,
    /// Where its tasks live.
    pub lifecycle: &'a mut Lifecycle,
    /// Where its parts say whether they are ready.
    pub health: &'a Health,
}

impl Shop {
    /// Opens the shop in the data directory and starts everything in it.
    ///
    /// # Errors
    /// If the directory is in use or damaged, or something cannot be started.
    pub async fn open(mut opening: Opening<'_>) -> anyhow::Result<Self> {
        let directory = opening.config.data_dir.clone();
        let partitions = opening.config.log.partitions();
        let door = nodes::open(opening.config)?;
        let advertised = door.as_ref().map(|door| &*door.advertised);
        let OpenLog { log, control, bookmarks, lock } = open_log(opening.config, advertised)?;
        let checkpoints = open_checkpoints(&directory)?;
        let bookmarks = bookmarks.unwrap_or_else(|| checkpoints.clone());
        let cluster = door.as_ref().map(Door::cluster);
        let engine = engine(&opening, Arc::clone(&log), checkpoints, cluster);
        let deciding = Deciding::start(&engine, &mut opening)?;
        let prices = prices::follow(&engine, &mut opening)?;
        let settled = processes::start(&engine, &bookmarks, &deciding, &mut opening)?;
        if let Some(door) = door {
            nodes::hand_over(Arc::clone(&log), deciding.statuses(), opening.lifecycle);
            door.serve(deciding.for_others(), opening.lifecycle)?;
        }
        let (stores, positions, projections) =
            projections::start(&engine, control, &mut opening).await?;
        Ok(Self {
            log,
            partitions,
            products: deciding.products.router,
            stock: deciding.stock.router,
            orders: deciding.orders.router,
            payments: deciding.payments.router,
            prices,
            settled,
            stores,
            positions,
            projections,
            schemas: engine.schemas,
            _lock: lock,
        })
    }
}

fn engine(
    opening: &Opening<'_>,
    log: Arc<dyn EventLog>,
    checkpoints: Arc<EmbeddedCheckpoints>,
    cluster: Option<Cluster>,
) -> Engine {
    let options = EngineOptions {
        mailbox: opening.config.limits.queued_commands,
        standby: opening.config.node.standby,
        ..EngineOptions::default()
    };
    let producer = concat!("chimera/", env!("CARGO_PKG_VERSION")).into();
    let (clock, schemas) = (Arc::new(SystemClock), opening.schemas.clone());
    Engine { log, checkpoints, clock, producer, schemas, options, cluster }
}

/// Opens the checkpoints; what cannot be opened is only a cache, and is set aside and built anew.
fn open_checkpoints(directory: &Path) -> anyhow::Result<Arc<EmbeddedCheckpoints>> {
    match EmbeddedCheckpoints::open(directory, CHECKPOINT_CACHE_BYTES) {
        Ok(checkpoints) => Ok(Arc::new(checkpoints)),
        Err(error) => {
            tracing::warn!(%error, "the checkpoints cannot be opened; building them anew from the log");
            std::fs::remove_dir_all(directory.join("state"))?;
            Ok(Arc::new(EmbeddedCheckpoints::open(directory, CHECKPOINT_CACHE_BYTES)?))
        }
    }
}
