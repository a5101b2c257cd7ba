//! One round of a shard: the commands taken together, and their answers, held back until the commit.

use std::sync::Arc;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::time::Timestamp;
use chimera_log::Batch;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::checkpointing::Held;
use crate::mailbox::Reply;
use crate::request::{Current, Failure, Receipt};

/// The most commands of one round.
const MOST_COMMANDS: usize = 4_096;
/// The most encoded bytes of one round; one command more may exceed it. With what stands beside each event it is one request to
/// Kafka, which takes a megabyte: while one is under way and more is queued, librdkafka's idempotent producer does not
/// sleep.
const MOST_BYTES: usize = 640 << 10;
/// Answers that one task gives; fewer are given at once.
const A_TASK: usize = 64;
/// The most questions of one round.
const MOST_READS: usize = 4_096;

/// A command whose answer waits for the commit.
pub(super) struct Pending<A: Aggregate> {
    /// The hash of its id.
    pub(super) id: u128,
    /// Nobody, where a timer asked.
    pub(super) reply: Option<Reply<A>>,
    pub(super) answer: Result<Receipt<A>, Failure<A::Rejection>>,
}

/// A question that is answered after the commit.
pub(super) struct Question<A: Aggregate> {
    pub(super) key: Arc<str>,
    /// Only a version beyond this one is of interest.
    pub(super) past: Option<u64>,
    pub(super) reply: oneshot::Sender<Current<A>>,
    /// How the aggregate stands at the end of the round.
    pub(super) answer: Option<Current<A>>,
}

fn give<A: Aggregate>(pending: Vec<Pending<A>>) {
    for pending in pending {
        if let Some(reply) = pending.reply {
            let _ = reply.send(pending.answer);
        }
    }
}

pub(super) struct Round<A: Aggregate> {
    pub(super) now: Timestamp,
    pub(super) batch: Batch,
    pub(super) bytes: usize,
    pub(super) pending: Vec<Pending<A>>,
    pub(super) reads: Vec<Question<A>>,
    /// Aggregates with new events.
    pub(super) touched: Vec<Arc<str>>,
    /// The id of the last event in the batch.
    pub(super) last_event_id: u128,
    /// The last sequence of the state when the round was closed.
    pub(super) sequence: u64,
    /// A checkpoint that is true once the round is committed.
    pub(super) held: Option<Held<A>>,
    pub(super) ticked: bool,
    pub(super) stop: bool,
    /// Another process is known to have claimed the partition.
    pub(super) superseded: bool,
    /// Why memory cannot be trusted any more.
    pub(super) broken: Option<String>,
}

impl<A: Aggregate> Round<A> {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            now,
            batch: Batch::default(),
            bytes: 0,
            pending: Vec::new(),
            reads: Vec::new(),
            touched: Vec::new(),
            last_event_id: 0,
            sequence: 0,
            held: None,
            ticked: false,
            stop: false,
            superseded: false,
            broken: None,
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.pending.len() < MOST_COMMANDS
            && self.bytes < MOST_BYTES
            && self.reads.len() < MOST_READS
            && !self.stop
            && self.broken.is_none()
    }

    /// Gives every answer to whoever waits for it. Many are given by tasks of the runtime: there, waking who waits costs
    /// a fraction of what it costs from a thread outside, and the shard goes on.
    pub(super) fn answer(&mut self, runtime: &Handle) {
        let mut pending = std::mem::take(&mut self.pending);
        while pending.len() >= A_TASK {
            let some = pending.split_off(pending.len() - A_TASK);
            runtime.spawn(async move { give(some) });
        }
        give(pending);
    }

    /// Tells everyone who asked how an aggregate stands.
    pub(super) fn tell(&mut self) {
        for question in self.reads.drain(..) {
            if let Some(current) = question.answer {
                let _ = question.reply.send(current);
            }
        }
    }
}
