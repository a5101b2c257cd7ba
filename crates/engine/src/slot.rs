//! The place of one partition in this process: the way to its shard while it is the one that writes, and what it says of itself.

use std::sync::{PoisonError, RwLock};

use chimera_domain::aggregate::Aggregate;
use chimera_log::Partition;
use tokio::sync::{mpsc, watch};

use crate::mailbox::{Message, Phase, ShardStatus, StatusSender};

/// One partition; lives as long as the stream's shards, whoever owns it.
pub(crate) struct Slot<A: Aggregate> {
    shard: RwLock<Option<mpsc::Sender<Message<A>>>>,
    status: StatusSender,
}

impl<A: Aggregate> Slot<A> {
    pub(crate) fn new(partition: Partition) -> Self {
        let status = ShardStatus { partition, phase: Phase::Elsewhere, sequence: 0, term: 0 };
        Self { shard: RwLock::default(), status: watch::Sender::new(status) }
    }

    /// The shard that writes; none where another process does, or nobody yet.
    pub(crate) fn shard(&self) -> Option<mpsc::Sender<Message<A>>> {
        self.shard.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn open(&self, shard: mpsc::Sender<Message<A>>) {
        *self.shard.write().unwrap_or_else(PoisonError::into_inner) = Some(shard);
        // Whoever waits for the partition to come here looks again.
        self.status.send_modify(|_| {});
    }

    pub(crate) fn close(&self) {
        *self.shard.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Its shard, if there is one, has not claimed the partition yet, or has to do so again.
    pub(crate) fn is_unclaimed(&self) -> bool {
        let phase = &self.status.borrow().phase;
        matches!(phase, Phase::Elsewhere | Phase::Following | Phase::Recovering)
    }

    pub(crate) fn announcer(&self) -> StatusSender {
        self.status.clone()
    }

    pub(crate) fn status(&self) -> watch::Receiver<ShardStatus> {
        self.status.subscribe()
    }
}
