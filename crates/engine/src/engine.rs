//! Starting and stopping the shards of a stream.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use chimera_codec::{CodecError, SchemaIds, StreamCodec};
use chimera_domain::aggregate::{Aggregate, DomainEvent};
use chimera_log::{EventLog, Partition};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::checkpoint::CheckpointStore;
use crate::clock::Clock;
use crate::mailbox::{Message, Phase, ShardStatus};
use crate::router::Router;
use crate::shard::{Parts, Shard};

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
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            mailbox: 16_384,
            checkpoint_events: 20_000,
            checkpoint_interval: Duration::from_secs(5),
            hot_aggregates: 8_192,
            tick: Duration::from_millis(100),
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
}

/// The running shards of one stream.
pub struct Shards<A: Aggregate> {
    router: Router<A>,
    senders: Vec<mpsc::Sender<Message<A>>>,
    statuses: Vec<watch::Receiver<ShardStatus>>,
    threads: Vec<JoinHandle<()>>,
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
    /// Starts a shard for each of the stream's `partitions`. They recover by themselves; see [`Shards::statuses`].
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start<A: Aggregate>(&self, partitions: u32) -> Result<Shards<A>, StartError> {
        let codec = Arc::new(StreamCodec::new(A::STREAM, &self.schemas)?);
        let mut shards = Shards {
            router: Router::new(Vec::new()),
            senders: Vec::new(),
            statuses: Vec::new(),
            threads: Vec::new(),
        };
        for index in 0..partitions {
            self.start_shard(&mut shards, Partition::new(A::STREAM, index), &codec)?;
        }
        shards.router = Router::new(shards.senders.clone());
        Ok(shards)
    }

    fn start_shard<A: Aggregate>(
        &self,
        shards: &mut Shards<A>,
        partition: Partition,
        codec: &Arc<StreamCodec<A::Event>>,
    ) -> Result<(), StartError> {
        let (sender, mailbox) = mpsc::channel(self.options.mailbox);
        let phase = Phase::Recovering;
        let (announce, status) = watch::channel(ShardStatus {
            partition: partition.clone(),
            phase,
            sequence: 0,
            term: 0,
        });
        let parts = Parts {
            partition,
            log: Arc::clone(&self.log),
            checkpoints: Arc::clone(&self.checkpoints),
            clock: Arc::clone(&self.clock),
            codec: Arc::clone(codec),
            producer: Arc::clone(&self.producer),
            options: self.options,
            runtime: Handle::current(),
            event_types: A::Event::TYPES.iter().map(|&name| name.into()).collect(),
        };
        let name = format!(
            "{}-{}",
            A::STREAM.rsplit('.').next().unwrap_or_default(),
            parts.partition.index
        );
        tokio::spawn(tick(sender.clone(), self.options.tick));
        let shard = Shard::new(parts, mailbox, announce);
        shards.threads.push(thread::Builder::new().name(name).spawn(move || shard.run())?);
        shards.senders.push(sender);
        shards.statuses.push(status);
        Ok(())
    }
}

/// Tells a shard that time passes, until it is gone. A shard that is busy needs no telling.
async fn tick<A: Aggregate>(shard: mpsc::Sender<Message<A>>, every: Duration) {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        interval.tick().await;
        if let Err(mpsc::error::TrySendError::Closed(_)) = shard.try_send(Message::Tick) {
            return;
        }
    }
}

impl<A: Aggregate> Shards<A> {
    /// The way to these shards.
    #[must_use]
    pub fn router(&self) -> Router<A> {
        self.router.clone()
    }

    /// What each shard says of itself; closed when its thread is gone.
    #[must_use]
    pub fn statuses(&self) -> Vec<watch::Receiver<ShardStatus>> {
        self.statuses.clone()
    }

    /// Waits until every shard serves.
    ///
    /// # Errors
    /// The status of a shard that has ended instead.
    pub async fn serving(&self) -> Result<(), ShardStatus> {
        for status in &self.statuses {
            let mut status = status.clone();
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
        for sender in &self.senders {
            let _ = sender.send(Message::Stop).await;
        }
        let threads = self.threads;
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a shard's thread broke off");
                }
            }
        });
        let _ = joined.await;
    }
}
