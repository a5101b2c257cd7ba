//! How a shard works: it decides a round, hands it to the log, decides the next one while the log commits, and answers a
//! round when it is committed. At most one round is decided ahead of the one in commit; what comes then waits in the mailbox.
//!
//! Never answers or shows anything before its commit, and never hands over a round before the one ahead of it is committed.

use std::time::Duration;

use chimera_domain::aggregate::Aggregate;

use super::round::{Pending, Question, Round};
use super::serving::{AppendFailed, Serving};
use super::{Left, Shard};
use crate::mailbox::Message;

/// While a commit runs, the mailbox is looked into after this long; longer and longer while nothing comes. Sleeping on both
/// would cost a wake-up for each command, and none of them could be appended sooner.
const LOOK: Duration = Duration::from_micros(250);
const LONGEST_LOOK: Duration = Duration::from_millis(4);

impl<A: Aggregate> Shard<A> {
    pub(super) fn serve(&mut self, serving: &mut Serving<A>) -> Left<A> {
        if self.stopping {
            return Left::Stopped;
        }
        self.wake_all(serving);
        // In commit.
        let mut ahead: Option<Round<A>> = None;
        loop {
            let mut round = self.round();
            let committed = match &ahead {
                None => {
                    self.wait_for_work(serving, &mut round);
                    Ok(())
                }
                Some(ahead) => self.work_until_committed(serving, &mut round, ahead.stop),
            };
            if let Err(failed) = committed {
                return self.doubt(ahead, round, failed);
            }
            if let Some(failed) = self.broken(&mut round) {
                if self.conclude_some(serving, ahead) {
                    return Left::Stopped;
                }
                return self.doubt(None, round, failed);
            }
            self.close(serving, &mut round);
            let appending = serving.begin_commit(&mut round);
            let mut stop = self.conclude_some(serving, ahead.take());
            if appending {
                ahead = Some(round);
            } else {
                stop |= self.conclude_some(serving, Some(round));
            }
            if stop {
                return Left::Stopped;
            }
        }
    }

    pub(super) fn round(&self) -> Round<A> {
        Round::new(self.parts.clock.now())
    }

    /// Sleeps until a message comes, and takes what has come with it.
    fn wait_for_work(&mut self, serving: &mut Serving<A>, round: &mut Round<A>) {
        let first = self.mailbox.blocking_recv();
        round.now = self.parts.clock.now();
        // Nobody can reach this shard any more.
        self.take(first.unwrap_or(Message::Stop), serving, round);
        self.take_waiting(serving, round);
    }

    /// Decides what comes until the round ahead is committed. Nothing is taken after a stop.
    fn work_until_committed(
        &mut self,
        serving: &mut Serving<A>,
        round: &mut Round<A>,
        stopping: bool,
    ) -> Result<(), AppendFailed> {
        let mut look = LOOK;
        let outcome = loop {
            if let Some(outcome) = serving.writer.wait(look) {
                break outcome;
            }
            let before = round.pending.len();
            if !stopping {
                round.now = self.parts.clock.now();
                self.take_waiting(serving, round);
            }
            let idle = round.pending.len() == before;
            look = if idle { (look * 2).min(LONGEST_LOOK) } else { LOOK };
        };
        serving.committed(outcome)?;
        // What has come since the last look may go along. Where nothing is decided ahead, those committed are answered first.
        if serving.writer.is_apart() && !stopping {
            self.take_waiting(serving, round);
        }
        Ok(())
    }

    /// Takes what is in the mailbox.
    fn take_waiting(&mut self, serving: &mut Serving<A>, round: &mut Round<A>) {
        while round.has_room() {
            let Ok(next) = self.mailbox.try_recv() else { break };
            self.take(next, serving, round);
        }
        // A full mailbox takes no ticks; time passes all the same.
        if !round.ticked && self.ticked.elapsed() > self.parts.options.tick * 2 {
            self.take(Message::Tick, serving, round);
        }
    }

    fn take(&mut self, message: Message<A>, serving: &mut Serving<A>, round: &mut Round<A>) {
        match message {
            Message::Execute(request, reply) => self.execute(request, Some(reply), serving, round),
            Message::Read { key, past, reply } => {
                round.reads.push(Question { key, past, reply, answer: None });
            }
            Message::Tick => {
                round.ticked = true;
                self.ticked = std::time::Instant::now();
                self.fire_timers(serving, round);
            }
            Message::Superseded => {
                round.superseded = true;
                round.broken = Some("another process has claimed the partition since".to_owned());
            }
            Message::Stop => {
                round.stop = true;
                // Whatever becomes of the round.
                self.stopping = true;
            }
        }
    }

    /// Why nothing that was decided last may be appended, if so.
    fn broken(&self, round: &mut Round<A>) -> Option<AppendFailed> {
        let damaged = || self.distrusted.then(|| "a state in the checkpoint is damaged".to_owned());
        let reason = round.broken.take().or_else(damaged)?;
        Some(AppendFailed { reason, may_have_been_written: false, fenced: round.superseded })
    }

    /// Nothing more goes into the round: what its readers will see, and what a checkpoint would hold, is noted before
    /// the next one is decided.
    fn close(&mut self, serving: &mut Serving<A>, round: &mut Round<A>) {
        self.note_answers(serving, round);
        serving.note_end_of(round);
        self.hold_checkpoint_if_due(serving, round);
    }

    /// Answers a committed round. True if the shard was told to stop in it.
    fn conclude_some(&mut self, serving: &mut Serving<A>, committed: Option<Round<A>>) -> bool {
        let Some(mut round) = committed else { return false };
        round.answer(&self.parts.runtime);
        self.status.send_if_modified(|status| {
            std::mem::replace(&mut status.sequence, round.sequence) != round.sequence
        });
        round.tell();
        if round.ticked {
            self.forget_gone_waiters();
        }
        if let Some(held) = round.held {
            serving.start_saving(&self.parts, held);
        }
        round.stop
    }

    /// Neither the round that failed nor what was decided after it is in the log for certain.
    fn doubt(
        &mut self,
        failed: Option<Round<A>>,
        mut after: Round<A>,
        why: AppendFailed,
    ) -> Left<A> {
        let mut unsettled: Vec<Pending<A>> = Vec::new();
        if let Some(mut failed) = failed {
            self.forget_answers(&mut failed);
            unsettled = failed.pending;
        }
        self.forget_answers(&mut after);
        unsettled.append(&mut after.pending);
        Left::Doubt { unsettled, why }
    }
}
