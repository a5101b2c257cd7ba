//! Questions to a shard: how an aggregate stands. The answer is noted when the round is closed, and given when all that it
//! shows is in the log.

use std::collections::HashMap;
use std::sync::Arc;

use chimera_domain::aggregate::Aggregate;
use tokio::sync::oneshot;

use super::Shard;
use super::round::{Question, Round};
use super::serving::Serving;
use crate::request::{Current, Position};

/// One who waits for an aggregate to move on.
pub(super) struct Waiter<A: Aggregate> {
    past: u64,
    reply: oneshot::Sender<Current<A>>,
}

/// Those who wait, by aggregate.
pub(super) type Waiters<A> = HashMap<Arc<str>, Vec<Waiter<A>>>;

impl<A: Aggregate> Shard<A> {
    /// Notes what the questions of a round, and those who wait for what it has touched, will be told.
    pub(super) fn note_answers(&mut self, serving: &mut Serving<A>, round: &mut Round<A>) {
        let mut asked = std::mem::take(&mut round.reads);
        if !self.waiters.is_empty() {
            for key in &round.touched {
                self.ask_again(key, &mut asked);
            }
        }
        for question in asked {
            self.note_answer(serving, question, round);
        }
    }

    fn ask_again(&mut self, key: &Arc<str>, asked: &mut Vec<Question<A>>) {
        let Some(waiters) = self.waiters.remove(key) else { return };
        for Waiter { past, reply } in waiters {
            asked.push(Question { key: Arc::clone(key), past: Some(past), reply, answer: None });
        }
    }

    fn note_answer(
        &mut self,
        serving: &mut Serving<A>,
        mut question: Question<A>,
        round: &mut Round<A>,
    ) {
        let Some(current) = self.current(serving, &question.key) else {
            return self.keep_waiting(question);
        };
        if question.past.is_some_and(|past| current.version <= past) {
            return self.keep_waiting(question);
        }
        question.answer = Some(current);
        round.reads.push(question);
    }

    fn current(&mut self, serving: &mut Serving<A>, key: &Arc<str>) -> Option<Current<A>> {
        let sequence = serving.sequence;
        let aggregate = match serving.states.get(key) {
            Ok(aggregate) => aggregate.clone(),
            Err(error) => {
                self.distrust(&error);
                return None;
            }
        };
        let position = Position { partition: self.parts.partition.clone(), sequence };
        Some(Current { state: aggregate.state, version: aggregate.version, position })
    }

    /// Who waits for an aggregate to move on waits until it does; who wanted to know at once must ask again.
    fn keep_waiting(&mut self, question: Question<A>) {
        if let Some(past) = question.past {
            let waiter = Waiter { past, reply: question.reply };
            self.waiters.entry(question.key).or_default().push(waiter);
        }
    }

    /// The answers that were noted are not true: their round is not in the log.
    pub(super) fn forget_answers(&mut self, round: &mut Round<A>) {
        for question in round.reads.drain(..) {
            self.keep_waiting(question);
        }
    }

    /// Answers all who waited and are wrong to wait, from what has just been recovered.
    pub(super) fn wake_all(&mut self, serving: &mut Serving<A>) {
        let mut round = self.round();
        let keys: Vec<Arc<str>> = self.waiters.keys().cloned().collect();
        for key in keys {
            self.ask_again(&key, &mut round.reads);
        }
        self.note_answers(serving, &mut round);
        round.tell();
    }

    pub(super) fn forget_gone_waiters(&mut self) {
        self.waiters.retain(|_, waiters| {
            waiters.retain(|waiter| !waiter.reply.is_closed());
            !waiters.is_empty()
        });
    }
}
