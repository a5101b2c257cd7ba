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
        self.collect(serving);
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
            let (changed, snapshot) = serving.snapshot();
            round.held = Some(Held { changed, snapshot });
            serving.checkpoint.held = true;
        }
    }

    /// Saves what was held back until its round was committed.
    pub(super) fn start_saving(&self, serving: &mut Serving<A>, held: Held<A>) {
        serving.checkpoint.held = false;
        let Held { changed, snapshot } = held;
        let keys = changed.iter().map(|(key, _)| Arc::clone(key)).collect();
        let (store, partition) =
            (Arc::clone(&self.parts.checkpoints), self.parts.partition.clone());
        let sequence = snapshot.sequence;
        let name = format!("save-{}", partition.index);
        let spawned = thread::Builder::new().name(name).spawn(move || {
            let states = encode(&changed)?;
            store.save(&partition, Snapshot { states, ..snapshot })
        });
        match spawned {
            Ok(thread) => {
                serving.checkpoint.saving = Some(Saving { sequence, keys, thread });
            }
            Err(error) => {
                tracing::warn!(partition = %self.parts.partition, %error, "no thread to save a checkpoint");
                serving.states.changed_again(keys);
            }
        }
    }

    /// Takes note of a snapshot that has been saved meanwhile.
    fn collect(&self, serving: &mut Serving<A>) {
        let finished = serving.checkpoint.saving.take_if(|saving| saving.thread.is_finished());
        if let Some(saving) = finished {
            self.conclude(serving, saving);
        }
    }

    fn conclude(&self, serving: &mut Serving<A>, saving: Saving) {
        let outcome = saving.thread.join().unwrap_or_else(|_| {
            Err(CheckpointError::Unavailable("the saving thread broke off".to_owned()))
        });
        serving.checkpoint.last_time = Instant::now();
        match outcome {
            Ok(()) => {
                serving.checkpoint.last_sequence = saving.sequence;
                serving.states.saved();
                serving.commands.saved();
            }
            Err(error) => {
                tracing::warn!(partition = %self.parts.partition, %error, "a checkpoint was not saved; the log has everything");
                serving.states.changed_again(saving.keys);
            }
        }
    }

    /// Waits for a snapshot that is being saved, so that nothing is written behind the back of whoever comes next.
    pub(super) fn finish_saving(&self, serving: &mut Serving<A>) {
        if let Some(saving) = serving.checkpoint.saving.take() {
            self.conclude(serving, saving);
        }
    }

    /// Saves what is left before the shard ends.
    pub(super) fn save_finally(&mut self, serving: &mut Serving<A>) {
        self.finish_saving(serving);
        if serving.sequence > serving.checkpoint.last_sequence
            && let Err(error) = save_now(&self.parts, serving)
        {
            tracing::warn!(partition = %self.parts.partition, %error, "the last checkpoint was not saved; the log has everything");
        }
    }
}

/// Saves on this thread.
pub(super) fn save_now<A: Aggregate>(
    parts: &Parts<A>,
    serving: &mut Serving<A>,
) -> Result<(), CheckpointError> {
    let (changed, snapshot) = serving.snapshot();
    let sequence = snapshot.sequence;
    let saved = encode(&changed).and_then(|states| {
        parts.checkpoints.save(&parts.partition, Snapshot { states, ..snapshot })
    });
    if let Err(error) = saved {
        serving.states.changed_again(changed.into_iter().map(|(key, _)| key).collect());
        return Err(error);
    }
    drop(changed);
    serving.checkpoint.last_sequence = sequence;
    serving.states.saved();
    serving.commands.saved();
    Ok(())
}

impl<A: Aggregate> Serving<A> {
    /// What is to be saved; the states themselves are encoded later.
    fn snapshot(&mut self) -> (Changed<A>, Snapshot) {
        let changed = self.states.take_changed();
        let snapshot = Snapshot {
            format: A::STATE_FORMAT,
            sequence: self.sequence,
            event_id: self.event_id,
            states: Vec::new(),
            commands: self.commands.start_saving(),
            forget_before: self.recorded_at.plus(-REMEMBER_COMMANDS),
        };
        (changed, snapshot)
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
