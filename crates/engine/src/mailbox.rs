//! What a shard receives, and what it says of itself.

use std::sync::Arc;

use chimera_domain::aggregate::Aggregate;
use chimera_log::Partition;
use tokio::sync::{oneshot, watch};

use crate::request::{Current, Failure, Receipt, Request};

/// Where an answer goes.
pub(crate) type Reply<A> =
    oneshot::Sender<Result<Receipt<A>, Failure<<A as Aggregate>::Rejection>>>;

/// A message to a shard.
pub(crate) enum Message<A: Aggregate> {
    /// Decide this, append what follows, answer.
    Execute(Request<A>, Reply<A>),
    /// Say how an aggregate stands, as soon as its version is beyond `past`; none says it at once.
    Read { key: Arc<str>, past: Option<u64>, reply: oneshot::Sender<Current<A>> },
    /// Another process has claimed the partition, though it is given to this one: claim it again.
    Superseded,
    /// Time has passed: look for what is due.
    Tick,
    /// Save a checkpoint and end.
    Stop,
}

/// Where a shard is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Another process has the partition, or nobody yet.
    Elsewhere,
    /// Keeping level with another process, which writes.
    Following,
    /// Claiming its partition and reading it to the end.
    Recovering,
    /// Taking commands.
    Serving,
    /// Not able to serve; it goes on trying. Says why.
    Failing(String),
    /// It has ended, because it was told to or because something broke. Says which.
    Ended(String),
}

/// What a shard says of itself, for health and status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardStatus {
    /// Which partition.
    pub partition: Partition,
    /// Where it is in its life.
    pub phase: Phase,
    /// The last sequence of its state.
    pub sequence: u64,
    /// Its writer's term.
    pub term: u64,
}

/// Where a shard announces its status.
pub(crate) type StatusSender = watch::Sender<ShardStatus>;
