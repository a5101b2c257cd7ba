//! Starting and stopping the shards of a stream.

use std::sync::Arc;
use std::time::Duration;

use chimera_codec::{CodecError, SchemaIds, StreamCodec};
use chimera_domain::aggregate::Aggregate;
use chimera_log::{EventLog, Partition};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::checkpoint::CheckpointStore;
use crate::clock::Clock;
use crate::forward::Cluster;
use crate::keeper::Keeper;
use crate::mailbox::{Phase, ShardStatus};
use crate::router::Router;
use crate::slot::Slot;

/// How shards are run.
#[derive(Debug, Clone, Copy)]
pub struct EngineOptions {
    /// How many commands may wait for one shard.
    pub mailbox: usize,
    /// After how many events a checkpoint is saved.
    pub checkpoint_events: u64,
    /// After how long a checkpoint is saved where anything has happened.
    pub checkpoint_interval: Duration,
    /// How many unchanged aggregates a shard keeps in memory, about.
    pub hot_aggregates: usize,
    /// How often a shard looks for what is due.
    pub tick: Duration,
    /// How many partitions of each stream that others own are followed here.
    pub standby: u32,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            mailbox: 16_384,
            checkpoint_events: 20_000,
            checkpoint_interval: Duration::from_secs(5),
            hot_aggregates: 8_192,
            tick: Duration::from_millis(100),
            standby: 0,
        }
    }
}

/// What all shards of a process share.
#[derive(Clone)]
pub struct Engine {
    /// Where events are appended and read.
    pub log: Arc<dyn EventLog>,
    /// Where shards and processes keep what they have reached.
    pub checkpoints: Arc<dyn CheckpointStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Program and version, for the envelope.
    pub producer: Arc<str>,
    /// Under which ids the schemas of events are known.
    pub schemas: SchemaIds,
    /// How shards are run.
    pub options: EngineOptions,
    /// The other processes; none where this one owns everything.
    pub cluster: Option<Cluster>,
}

/// The shards of one stream that run in this process.
pub struct Shards<A: Aggregate> {
    router: Router<A>,
    slots: Arc<[Slot<A>]>,
    stop: watch::Sender<bool>,
    keeper: JoinHandle<()>,
}

/// Why shards could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The stream's schemas are not usable.
    #[error("the schemas of a stream cannot be used: {0}")]
    Codec(#[from] CodecError),
    /// The operating system gives no thread.
    #[error("a shard's thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Engine {
    /// Starts a shard for each of the stream's `partitions` that this process has been given, and follows what it is given from
    /// then on. They recover by themselves; see [`Shards::statuses`].
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start<A: Aggregate>(&self, partitions: u32) -> Result<Shards<A>, StartError> {
        let codec = Arc::new(StreamCodec::new(A::STREAM, &self.schemas)?);
        let slots = slots::<A>(partitions);
        let mut keeper = Keeper::new(self.clone(), codec, Arc::clone(&slots));
        keeper.align()?;
        let (stop, stopped) = watch::channel(false);
        let router = Router::new(Arc::clone(&slots), self.log.owners(), self.cluster.clone());
        Ok(Shards { router, slots, stop, keeper: tokio::spawn(keeper.keep(stopped)) })
    }

    /// The way to the shards of a stream of which this process never owns a partition.
    #[must_use]
    pub fn elsewhere<A: Aggregate>(&self, partitions: u32) -> Router<A> {
        Router::new(slots(partitions), self.log.owners(), self.cluster.clone())
    }
}

/// A place for each partition of a stream.
fn slots<A: Aggregate>(partitions: u32) -> Arc<[Slot<A>]> {
    (0..partitions).map(|index| Slot::new(Partition::new(A::STREAM, index))).collect()
}

impl<A: Aggregate> Shards<A> {
    /// The way to these shards, and to those in other processes.
    #[must_use]
    pub fn router(&self) -> Router<A> {
        self.router.clone()
    }

    /// What each partition's shard says of itself, whether it is here or not.
    #[must_use]
    pub fn statuses(&self) -> Vec<watch::Receiver<ShardStatus>> {
        self.slots.iter().map(Slot::status).collect()
    }

    /// Waits until every shard serves.
    ///
    /// # Errors
    /// The status of a shard that has ended instead.
    pub async fn serving(&self) -> Result<(), ShardStatus> {
        for mut status in self.statuses() {
            let waited = status
                .wait_for(|status| matches!(status.phase, Phase::Serving | Phase::Ended(_)))
                .await
                .map(|status| status.clone());
            match waited {
                Ok(status) if status.phase == Phase::Serving => {}
                Ok(status) => return Err(status),
                Err(_) => return Err(status.borrow().clone()),
            }
        }
        Ok(())
    }

    /// Lets every shard finish its round, save a checkpoint and end. Waits for their threads.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.keeper.await;
    }
}
