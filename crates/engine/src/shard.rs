//! A shard: the only writer of one partition. It decides on its in-memory state at once, appends what queued meanwhile as one
//! group, and answers when the log has it. Where the log is slow to commit, it decides the next group meanwhile.
//!
//! Nothing is answered or shown before the commit that it depends on. After a failed commit nothing in memory is trusted: the
//! shard claims again, recovers from checkpoint and log, and finds by command id what took effect.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::time::DAY;
use chimera_log::{EventLog, Partition};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::checkpoint::{CheckpointError, CheckpointStore};
use crate::clock::Clock;
use crate::engine::EngineOptions;
use crate::event_id::EventIds;
use crate::mailbox::{Message, Phase, StatusSender};
use crate::request::Failure;
use crate::seat::Seat;

mod checkpointing;
mod commands;
mod committer;
mod decide;
mod filter;
mod pipeline;
mod reading;
mod reads;
mod recovery;
mod round;
mod serving;
mod states;
mod stored;
mod timers;
mod unclaimed;

use reads::Waiters;
use recovery::Recovered;
use round::Pending;
use serving::{AppendFailed, Serving};

/// How long a command id is remembered at least, in microseconds of the log's own time (spec §2, Idempotency).
const REMEMBER_COMMANDS: i64 = DAY;

/// What a shard works with; the same for every shard of a process but for the partition.
pub(crate) struct Parts<A: Aggregate> {
    pub(crate) partition: Partition,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) checkpoints: Arc<dyn CheckpointStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) codec: Arc<StreamCodec<A::Event>>,
    pub(crate) producer: Arc<str>,
    pub(crate) options: EngineOptions,
    pub(crate) runtime: Handle,
    pub(crate) event_types: Vec<Arc<str>>,
}

impl<A: Aggregate> Parts<A> {
    /// The shared text of an event type.
    fn event_type(&self, name: &str) -> Arc<str> {
        self.event_types
            .iter()
            .find(|known| &***known == name)
            .map_or_else(|| name.into(), Arc::clone)
    }
}

pub(crate) struct Shard<A: Aggregate> {
    parts: Parts<A>,
    mailbox: mpsc::Receiver<Message<A>>,
    status: StatusSender,
    seat: watch::Receiver<Seat>,
    waiters: Waiters<A>,
    ids: EventIds,
    /// When timers were looked at last.
    ticked: Instant,
    /// Something in the checkpoint is damaged: it is cleared before the next recovery.
    distrusted: bool,
    /// It was told to stop.
    stopping: bool,
}

/// Why a shard left its loop.
enum Left<A: Aggregate> {
    /// It was told to, or nobody can reach it any more.
    Stopped,
    /// A commit failed; these commands still wait for the truth.
    Doubt { unsettled: Vec<Pending<A>>, why: AppendFailed },
}

impl<A: Aggregate> Shard<A> {
    pub(crate) fn new(
        parts: Parts<A>,
        mailbox: mpsc::Receiver<Message<A>>,
        status: StatusSender,
        seat: watch::Receiver<Seat>,
    ) -> Self {
        Self {
            parts,
            mailbox,
            status,
            seat,
            waiters: HashMap::new(),
            ids: EventIds::new(),
            ticked: Instant::now(),
            distrusted: false,
            stopping: false,
        }
    }

    /// Lives until it is told to stop. Blocks; to be called on a thread of its own.
    pub(crate) fn run(mut self) {
        let (mut unsettled, mut failed, mut fenced) = (Vec::new(), false, false);
        loop {
            self.enter(Phase::Recovering);
            if failed && !self.is_still_given(fenced) {
                self.give_back(unsettled);
                return;
            }
            let mut serving = match self.recover() {
                Ok(Some(serving)) => serving,
                Ok(None) => {
                    self.give_back(unsettled);
                    return;
                }
                Err(reason) => {
                    refuse(&mut unsettled, &reason);
                    if self.pause_refusing(&reason) {
                        continue;
                    }
                    break;
                }
            };
            settle(&self.parts.partition, &serving, std::mem::take(&mut unsettled), fenced);
            match self.serve(&mut serving) {
                Left::Stopped => {
                    self.save_finally(&mut serving);
                    break;
                }
                Left::Doubt { unsettled: waiting, why } => {
                    let AppendFailed { reason, may_have_been_written, .. } = why;
                    tracing::warn!(partition = %self.parts.partition, reason, may_have_been_written, "a commit failed; recovering");
                    (unsettled, failed, fenced) = (waiting, true, why.fenced);
                    serving.finish_saving(&self.parts);
                }
            }
        }
        let is_let_go = *self.seat.borrow() == Seat::Leaving;
        self.enter(if is_let_go { Phase::Elsewhere } else { Phase::Ended("stopped".to_owned()) });
    }

    /// Whether to claim again after a failed commit: two processes that did so whenever they failed would fence each other for
    /// ever. After a commit in doubt without a fence what is known here must do, for Kafka may be gone.
    fn is_still_given(&self, fenced: bool) -> bool {
        let Parts { log, partition, .. } = &self.parts;
        let is_given = log.ownership().borrow().contains(partition);
        is_given && (!fenced || log.still_given(partition))
    }

    fn enter(&self, phase: Phase) {
        let owned = f64::from(u8::from(phase == Phase::Serving));
        let partition = self.parts.partition.to_string();
        metrics::gauge!(crate::metric_names::PARTITION_OWNED, "partition" => partition).set(owned);
        self.status.send_modify(|status| status.phase = phase);
    }

    /// Hands what waits here back, for whoever owns the partition now.
    fn give_back(&mut self, unsettled: Vec<Pending<A>>) {
        let partition = self.parts.partition.clone();
        tracing::info!(%partition, commands = unsettled.len(), "the partition is another's");
        self.mailbox.close();
        for reply in unsettled.into_iter().filter_map(|pending| pending.reply) {
            let _ = reply.send(Err(Failure::NotOwner(partition.clone())));
        }
        while let Ok(message) = self.mailbox.try_recv() {
            if let Message::Execute(_, reply) = message {
                let _ = reply.send(Err(Failure::NotOwner(partition.clone())));
            }
        }
        self.enter(Phase::Elsewhere);
    }

    /// Refuses what arrives until the next tick. False if the shard is to end.
    fn pause_refusing(&mut self, reason: &str) -> bool {
        tracing::error!(partition = %self.parts.partition, reason, "the partition cannot be served; trying again");
        self.enter(Phase::Failing(reason.to_owned()));
        if self.stopping {
            return false;
        }
        loop {
            match self.mailbox.blocking_recv() {
                Some(Message::Execute(_, reply)) => {
                    let _ = reply.send(Err(Failure::Unavailable(reason.to_owned())));
                }
                Some(Message::Read { .. }) => {}
                Some(Message::Tick | Message::Superseded) => return true,
                Some(Message::Stop) | None => return false,
            }
        }
    }

    /// Notes that the checkpoint holds something damaged. It is cleared once nothing is being saved any more.
    fn distrust(&mut self, error: &CheckpointError) {
        tracing::error!(partition = %self.parts.partition, %error, "the checkpoint cannot be used");
        self.distrusted |= matches!(error, CheckpointError::Damaged { .. });
    }

    /// Nothing, if the shard has lost its seat meanwhile.
    fn recover(&mut self) -> Result<Option<Serving<A>>, String> {
        if self.distrusted {
            let cleared = self.parts.checkpoints.clear(&self.parts.partition);
            cleared.map_err(|error| error.to_string())?;
            self.distrusted = false;
        }
        if *self.seat.borrow() == Seat::Standby {
            self.enter(Phase::Following);
        }
        let recovered = recovery::recover(&self.parts, &mut self.seat)?;
        let Some(Recovered { serving, since }) = recovered else { return Ok(None) };
        let seconds = since.elapsed().as_secs_f64();
        let partition = self.parts.partition.to_string();
        metrics::gauge!(crate::metric_names::TAKEOVER_SECONDS, "partition" => partition)
            .set(seconds);
        tracing::info!(partition = %self.parts.partition, sequence = serving.sequence, term = serving.writer.term(), seconds, "serving");
        self.status.send_modify(|status| {
            status.sequence = serving.sequence;
            status.term = serving.writer.term();
        });
        self.enter(Phase::Serving);
        Ok(Some(serving))
    }
}

/// Answers commands in doubt from what the recovered log says. Those that are not in it after a fence are for the router to
/// send again: nothing is wrong with them, nor with the log.
fn settle<A: Aggregate>(
    partition: &Partition,
    serving: &Serving<A>,
    unsettled: Vec<Pending<A>>,
    fenced: bool,
) {
    for pending in unsettled {
        let Some(reply) = pending.reply else { continue };
        if matches!(pending.answer, Err(Failure::KeyReused)) {
            let _ = reply.send(pending.answer);
            continue;
        }
        let answer = match serving.commands.find(pending.id) {
            Ok(Some(record)) => Ok(serving::repeated(partition, record)),
            Ok(None) if fenced => Err(Failure::NotOwner(partition.clone())),
            Ok(None) => Err(Failure::Unavailable("the append failed; nothing was written".into())),
            Err(_) => Err(Failure::Indeterminate),
        };
        let _ = reply.send(answer);
    }
}

/// Answers commands in doubt where the truth cannot be found out now.
fn refuse<A: Aggregate>(unsettled: &mut Vec<Pending<A>>, reason: &str) {
    for pending in std::mem::take(unsettled) {
        tracing::warn!(reason, "a command stays in doubt");
        if let Some(reply) = pending.reply {
            let _ = reply.send(Err(Failure::Indeterminate));
        }
    }
}
