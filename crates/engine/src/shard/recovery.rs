//! How a shard begins: claim the partition, take the checkpoint if it can be trusted, read the log to the end.

use std::sync::Arc;
use std::time::Instant;

use chimera_domain::aggregate::{Aggregate, DomainEvent};
use chimera_domain::recorded::Recorded;
use chimera_domain::time::Timestamp;
use chimera_log::{ClaimError, RawBatch, RawRecord};
use tokio::sync::watch;
use xxhash_rust::xxh3::xxh3_64;

use super::Parts;
use super::commands::{Commands, filtered};
use super::committer::Committer;
use super::reading::Reading;
use super::serving::{Checkpointing, Gauges, Serving};
use super::states::States;
use super::stored::{ReadAll, Stored};
use super::timers::Timers;
use super::unclaimed::Unclaimed;
use crate::checkpoint::{CheckpointError, CommandRecord, Restored};
use crate::request::CommandId;
use crate::seat::Seat;

/// A shard that can begin.
pub(super) struct Recovered<A: Aggregate> {
    pub(super) serving: Serving<A>,
    /// Since when this process was the one to write; what it followed before does not count.
    pub(super) since: Instant,
}

/// Brings a partition to the end of its log, keeps it there while another process writes, and claims it when it is this one's.
/// Nothing, if the seat is lost meanwhile; text for an operator if it cannot be done now.
pub(super) fn recover<A: Aggregate>(
    parts: &Parts<A>,
    seat: &mut watch::Receiver<Seat>,
) -> Result<Option<Recovered<A>>, String> {
    let begun = Instant::now();
    let mut attempt = |may_restore| attempt(parts, seat, begun, may_restore);
    match attempt(true) {
        Err(Stopped::Checkpoint(reason)) => {
            tracing::warn!(partition = %parts.partition, reason, "the checkpoint does not fit the log; reading the log from its start");
            attempt(false).map_err(Stopped::into_text)
        }
        outcome => outcome.map_err(Stopped::into_text),
    }
}

/// Why a recovery stopped.
enum Stopped {
    /// A checkpoint was in use, and may be what is wrong.
    Checkpoint(String),
    /// The log, or the store, cannot answer.
    Otherwise(String),
}

impl Stopped {
    fn into_text(self) -> String {
        match self {
            Self::Checkpoint(reason) | Self::Otherwise(reason) => reason,
        }
    }
}

/// Reads all there is before it claims: whoever writes until then goes on serving meanwhile.
fn attempt<A: Aggregate>(
    parts: &Parts<A>,
    seat: &mut watch::Receiver<Seat>,
    begun: Instant,
    may_restore: bool,
) -> Result<Option<Recovered<A>>, Stopped> {
    let known = parts.log.high_watermark(&parts.partition);
    let known = known.map_err(|error| Stopped::Otherwise(error.to_string()))?;
    let end = *known.borrow();
    let restored = restore(parts, end, may_restore).map_err(Stopped::Otherwise)?;
    let failed = match restored.sequence {
        0 => Stopped::Otherwise,
        _ => Stopped::Checkpoint,
    };
    let mut serving = begin(parts, restored);
    let mut reading = Reading::default();
    reading.level(parts, &mut serving, &known).map_err(failed)?;
    let since = follow(parts, &mut serving, &mut reading, seat, begun).map_err(failed)?;
    let Some(since) = since else { return Ok(None) };
    let claimed = parts.log.claim(&parts.partition);
    let writer = match claimed {
        Ok(writer) => writer,
        // Begun anew only if the partition is still given to this process.
        Err(ClaimError::Contested(_)) => return Ok(None),
        Err(error) => return Err(Stopped::Otherwise(error.to_string())),
    };
    let end = writer.next_sequence() - 1;
    serving.writer = Committer::new(writer, &parts.partition);
    reading.to(parts, &mut serving, end).map_err(failed)?;
    Ok(Some(Recovered { serving, since }))
}

/// Keeps level with the process that writes, until this one shall. Since when it shall; nothing if it shall not
/// any more.
fn follow<A: Aggregate>(
    parts: &Parts<A>,
    serving: &mut Serving<A>,
    reading: &mut Reading,
    seat: &mut watch::Receiver<Seat>,
    begun: Instant,
) -> Result<Option<Instant>, String> {
    if *seat.borrow_and_update() != Seat::Standby {
        return Ok((*seat.borrow() == Seat::Owner).then_some(begun));
    }
    let reader = reading.reader(parts, serving)?;
    loop {
        let batch = parts.runtime.block_on(async {
            tokio::select! {
                changed = seat.changed() => changed.map(|()| None).map_err(|_| "it is not needed any more".to_owned()),
                batch = reader.next() => batch.map(Some).map_err(|error| error.to_string()),
            }
        })?;
        match batch {
            Some(batch) => fold_all(parts, serving, &batch)?,
            None if *seat.borrow() == Seat::Standby => {}
            None => {
                let told = Instant::now();
                return Ok((*seat.borrow() == Seat::Owner).then_some(told));
            }
        }
    }
}

fn begin<A: Aggregate>(parts: &Parts<A>, restored: Restored) -> Serving<A> {
    let is_stored = restored.sequence > 0;
    let states = Stored::new(is_stored, all_states(parts));
    let commands = Stored::new(is_stored, all_commands(parts));
    let timers = Timers::of(restored.timers);
    let (partition, store) = (&parts.partition, &parts.checkpoints);
    let capacity = parts.options.hot_aggregates;
    Serving {
        writer: Committer::new(Box::new(Unclaimed), partition),
        states: States::new(partition.clone(), Arc::clone(store), capacity, states),
        commands: Commands::new(partition.clone(), Arc::clone(store), commands),
        timers,
        sequence: restored.sequence,
        ahead_until: restored.ahead_until,
        in_commit: restored.sequence,
        event_id: restored.event_id,
        recorded_at: Timestamp(0),
        checkpoint: Checkpointing {
            last_sequence: restored.sequence,
            last_time: Instant::now(),
            held: false,
            saving: None,
        },
        gauges: Gauges::new(partition),
    }
}

fn all_states<A: Aggregate>(parts: &Parts<A>) -> ReadAll {
    let (store, partition) = (Arc::clone(&parts.checkpoints), parts.partition.clone());
    Arc::new(move |see| store.each_state(&partition, &mut |key| see(xxh3_64(key.as_bytes()))))
}

fn all_commands<A: Aggregate>(parts: &Parts<A>) -> ReadAll {
    let (store, partition) = (Arc::clone(&parts.checkpoints), parts.partition.clone());
    Arc::new(move |see| store.each_command(&partition, &mut |id| see(filtered(id))))
}

/// The checkpoint, if it belongs to this log; otherwise it is cleared and the log is read from the start.
fn restore<A: Aggregate>(
    parts: &Parts<A>,
    end: u64,
    may_restore: bool,
) -> Result<Restored, String> {
    let (partition, store) = (&parts.partition, &parts.checkpoints);
    let distrusted = match store.restore(partition, A::STATE_FORMAT) {
        _ if !may_restore => "it did not fit the log",
        Ok(restored) if restored.sequence == 0 => "none of this format",
        Ok(restored) if restored.sequence > end => "it is ahead of the log",
        Ok(restored) => match event_id_at(parts, restored.sequence) {
            Ok(found) if found == restored.event_id => return Ok(restored),
            Ok(_) => "it belongs to another log",
            Err(reason) => {
                tracing::error!(%partition, reason, "the event of a checkpoint cannot be read");
                "its event cannot be read"
            }
        },
        Err(error) => {
            tracing::warn!(%partition, %error, "a checkpoint cannot be used");
            "it cannot be read"
        }
    };
    tracing::info!(%partition, distrusted, "no checkpoint to begin from; reading the log from its start");
    // What is left of an old checkpoint would be taken for states of the next one.
    store.clear(partition).map_err(|error| error.to_string())?;
    Ok(Restored::default())
}

fn event_id_at<A: Aggregate>(parts: &Parts<A>, sequence: u64) -> Result<u128, String> {
    let batch = next_batch(parts, sequence)?;
    let record = batch.records.first().ok_or("an empty batch")?;
    Ok(decode(parts, record)?.meta.event_id)
}

fn next_batch<A: Aggregate>(parts: &Parts<A>, from: u64) -> Result<RawBatch, String> {
    let mut reader = parts.log.read(&parts.partition, from).map_err(|error| error.to_string())?;
    parts.runtime.block_on(reader.next()).map_err(|error| error.to_string())
}

pub(super) fn fold_all<A: Aggregate>(
    parts: &Parts<A>,
    serving: &mut Serving<A>,
    batch: &RawBatch,
) -> Result<(), String> {
    for record in &batch.records {
        let event = decode(parts, record)?;
        serving.fold(&event)?;
    }
    serving.save_while_recovering(parts);
    Ok(())
}

fn decode<A: Aggregate>(
    parts: &Parts<A>,
    record: &RawRecord,
) -> Result<Recorded<A::Event>, String> {
    let event = parts.codec.decode(parts.partition.index, &record.value).map_err(|error| {
        format!("{} cannot be decoded at sequence {}: {error}", parts.partition, record.sequence)
    })?;
    if event.meta.sequence != record.sequence {
        return Err(format!(
            "{} holds event {} at sequence {}",
            parts.partition, event.meta.sequence, record.sequence
        ));
    }
    Ok(event)
}

impl<A: Aggregate> Serving<A> {
    /// Whether the aggregate, of a checkpoint that was interrupted, is at this version already.
    fn has_folded(&mut self, key: &Arc<str>, version: u64) -> Result<bool, CheckpointError> {
        let aggregate = self.states.get(key)?;
        let is_folded = aggregate.version >= version;
        if is_folded {
            self.timers.set(key, aggregate.state.due().map(|(due, _)| due));
        }
        Ok(is_folded)
    }

    /// Folds one event of the log.
    fn fold(&mut self, recorded: &Recorded<A::Event>) -> Result<(), String> {
        let meta = &recorded.meta;
        let (key, text) = (&recorded.key, |error: CheckpointError| error.to_string());
        if meta.sequence != self.sequence + 1 {
            return Err(format!("sequence {} follows {}", meta.sequence, self.sequence));
        }
        let may_be_ahead = meta.sequence <= self.ahead_until;
        let is_folded =
            may_be_ahead && self.has_folded(key, meta.aggregate_version).map_err(text)?;
        let version = if is_folded {
            meta.aggregate_version
        } else {
            self.evolve(key, std::slice::from_ref(&recorded.event)).map_err(text)?
        };
        if version != meta.aggregate_version {
            return Err(format!(
                "{key}: version {} follows {} at sequence {} ({})",
                meta.aggregate_version,
                version - 1,
                meta.sequence,
                recorded.event.event_type()
            ));
        }
        let id = CommandId::from_log(&meta.command_id);
        let record = CommandRecord {
            fingerprint: id.fingerprint(),
            sequence: meta.sequence,
            version,
            recorded_at: meta.recorded_at,
        };
        self.commands.remember(id.hash(), record);
        self.sequence = meta.sequence;
        self.event_id = meta.event_id;
        self.recorded_at = self.recorded_at.max(meta.recorded_at);
        Ok(())
    }
}
