//! Saving what a shard has reached, on another thread, so that a start need not read the whole log.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use chimera_domain::aggregate::Aggregate;

use super::round::Round;
use super::serving::{Saving, Serving};
use super::states::Versioned;
use super::{Parts, REMEMBER_COMMANDS, Shard};
use crate::checkpoint::{CheckpointError, SavedState, Snapshot};

/// A long recovery saves after this many times the events that a checkpoint is saved after, however few aggregates they changed.
const SAVE_AFTER: u64 = 50;

/// The aggregates of a snapshot; shared with the shard, which copies one only if it changes meanwhile.
pub(super) type Changed<A> = Vec<(Arc<str>, Versioned<A>)>;

/// A snapshot of the end of a round, to be saved when the round is committed.
pub(super) struct Held<A: Aggregate> {
    changed: Changed<A>,
    snapshot: Snapshot,
}

impl<A: Aggregate> Shard<A> {
    /// Notes what is to be saved, where enough has happened since the last time. To be called when a round is closed, before
    /// the next one is decided: a checkpoint never holds more than what is committed when it is saved.
    pub(super) fn hold_checkpoint_if_due(&self, serving: &mut Serving<A>, round: &mut Round<A>) {
        serving.collect(&self.parts);
        if serving.checkpoint.held || serving.checkpoint.saving.is_some() {
            return;
        }
        if round.ticked {
            serving.states.trim();
        }
        let events = serving.sequence - serving.checkpoint.last_sequence;
        let options = &self.parts.options;
        let waited =
            round.ticked && serving.checkpoint.last_time.elapsed() >= options.checkpoint_interval;
        if events >= options.checkpoint_events || (waited && events > 0) {
            round.held = Some(serving.hold());
            serving.checkpoint.held = true;
        }
    }

    /// Saves what is left before the shard ends.
    pub(super) fn save_finally(&mut self, serving: &mut Serving<A>) {
        serving.finish_saving(&self.parts);
        if serving.sequence > serving.checkpoint.last_sequence {
            let held = serving.hold();
            serving.start_saving(&self.parts, held);
            serving.finish_saving(&self.parts);
        }
    }
}

impl<A: Aggregate> Serving<A> {
    /// Saves what a long recovery has folded, while it goes on folding; waits where saving cannot keep up, so that what is not
    /// saved stays within bounds.
    pub(super) fn save_while_recovering(&mut self, parts: &Parts<A>) {
        self.collect(parts);
        let (changed, every) = (self.states.changed() as u64, parts.options.checkpoint_events);
        let folded = self.sequence - self.checkpoint.last_sequence;
        if changed < every && folded < every * SAVE_AFTER {
            return;
        }
        if self.checkpoint.saving.is_some() {
            if changed < every * 2 {
                return;
            }
            self.finish_saving(parts);
        }
        let held = self.hold();
        self.start_saving(parts, held);
    }

    /// Saves what was held back until its round was committed.
    pub(super) fn start_saving(&mut self, parts: &Parts<A>, held: Held<A>) {
        self.checkpoint.held = false;
        let Held { changed, snapshot } = held;
        let keys = changed.iter().map(|(key, _)| Arc::clone(key)).collect();
        let (store, partition) = (Arc::clone(&parts.checkpoints), parts.partition.clone());
        let sequence = snapshot.sequence;
        let name = format!("save-{}", partition.index);
        let spawned = thread::Builder::new().name(name).spawn(move || {
            let states = encode(&changed)?;
            store.save(&partition, Snapshot { states, ..snapshot })
        });
        match spawned {
            Ok(thread) => {
                self.checkpoint.saving = Some(Saving { sequence, keys, thread });
            }
            Err(error) => {
                tracing::warn!(partition = %parts.partition, %error, "no thread to save a checkpoint");
                self.states.changed_again(keys);
            }
        }
    }

    /// Takes note of a snapshot that has been saved meanwhile.
    fn collect(&mut self, parts: &Parts<A>) {
        let finished = self.checkpoint.saving.take_if(|saving| saving.thread.is_finished());
        if let Some(saving) = finished {
            self.conclude(parts, saving);
        }
    }

    /// Waits for a snapshot that is being saved.
    pub(super) fn finish_saving(&mut self, parts: &Parts<A>) {
        if let Some(saving) = self.checkpoint.saving.take() {
            self.conclude(parts, saving);
        }
    }

    fn conclude(&mut self, parts: &Parts<A>, saving: Saving) {
        let outcome = saving.thread.join().unwrap_or_else(|_| {
            Err(CheckpointError::Unavailable("the saving thread broke off".to_owned()))
        });
        self.checkpoint.last_time = Instant::now();
        match outcome {
            Ok(()) => {
                self.checkpoint.last_sequence = saving.sequence;
                self.states.saved();
                self.commands.saved();
            }
            Err(error) => {
                tracing::warn!(partition = %parts.partition, %error, "a checkpoint was not saved; the log has everything");
                self.states.changed_again(saving.keys);
            }
        }
    }

    /// What is to be saved; the states themselves are encoded later.
    fn hold(&mut self) -> Held<A> {
        let changed = self.states.take_changed();
        let snapshot = Snapshot {
            format: A::STATE_FORMAT,
            sequence: self.sequence,
            event_id: self.event_id,
            states: Vec::new(),
            commands: self.commands.start_saving(),
            forget_before: self.recorded_at.plus(-REMEMBER_COMMANDS),
        };
        Held { changed, snapshot }
    }
}

fn encode<A: Aggregate>(changed: &Changed<A>) -> Result<Vec<SavedState>, CheckpointError> {
    let mut states = Vec::with_capacity(changed.len());
    for (key, aggregate) in changed {
        let state = postcard::to_stdvec(&*aggregate.state)
            .map_err(|error| CheckpointError::Unavailable(format!("{key}: {error}")))?;
        let due = aggregate.state.due().map(|(due, _)| due);
        states.push(SavedState { key: Arc::clone(key), version: aggregate.version, due, state });
    }
    Ok(states)
}
