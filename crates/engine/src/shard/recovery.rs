//! How a shard begins: claim the partition, take the checkpoint if it can be trusted, read the log to the end.

use std::sync::Arc;
use std::time::Instant;

use chimera_domain::aggregate::{Aggregate, DomainEvent};
use chimera_domain::recorded::Recorded;
use chimera_domain::time::Timestamp;
use chimera_log::{RawBatch, RawRecord};

use super::Parts;
use super::checkpointing::save_now;
use super::commands::Commands;
use super::serving::{Checkpointing, Gauges, Serving};
use super::states::States;
use super::timers::Timers;
use crate::checkpoint::{CommandRecord, Restored};
use crate::request::CommandId;

/// How many changed aggregates are held in memory before a long recovery saves them.
const SAVE_AFTER_CHANGED: usize = 20_000;

/// Brings a partition to the end of its log; text for an operator if that cannot be done now.
pub(super) fn recover<A: Aggregate>(parts: &Parts<A>) -> Result<Serving<A>, String> {
    let writer = parts.log.claim(&parts.partition).map_err(|error| error.to_string())?;
    let end = writer.next_sequence() - 1;
    let restored = restore(parts, end);
    let stored = restored.sequence > 0;
    let mut timers = Timers::default();
    for (due, key) in &restored.timers {
        timers.set(key, Some(*due));
    }
    let (partition, store) = (&parts.partition, &parts.checkpoints);
    let capacity = parts.options.hot_aggregates;
    let mut serving = Serving {
        writer,
        states: States::new(partition.clone(), Arc::clone(store), capacity, stored),
        commands: Commands::new(partition.clone(), Arc::clone(store), stored),
        timers,
        sequence: restored.sequence,
        event_id: restored.event_id,
        recorded_at: Timestamp(0),
        checkpoint: Checkpointing {
            last_sequence: restored.sequence,
            last_time: Instant::now(),
            saving: None,
        },
        gauges: Gauges::new(partition),
    };
    read_to(parts, &mut serving, end)?;
    Ok(serving)
}

/// The checkpoint, if it belongs to this log; otherwise it is cleared and the log is read from the start.
fn restore<A: Aggregate>(parts: &Parts<A>, end: u64) -> Restored {
    let (partition, store) = (&parts.partition, &parts.checkpoints);
    let distrusted = match store.restore(partition, A::STATE_FORMAT) {
        Ok(restored) if restored.sequence == 0 => "none of this format",
        Ok(restored) if restored.sequence > end => "it is ahead of the log",
        Ok(restored) => match event_id_at(parts, restored.sequence) {
            Ok(found) if found == restored.event_id => return restored,
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
    if let Err(error) = store.clear(partition) {
        tracing::warn!(%partition, %error, "a checkpoint cannot be cleared");
    }
    Restored::default()
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

fn read_to<A: Aggregate>(
    parts: &Parts<A>,
    serving: &mut Serving<A>,
    end: u64,
) -> Result<(), String> {
    if serving.sequence == end {
        return Ok(());
    }
    let from = serving.sequence + 1;
    let mut reader = parts.log.read(&parts.partition, from).map_err(|error| error.to_string())?;
    while serving.sequence < end {
        let batch = parts.runtime.block_on(reader.next()).map_err(|error| error.to_string())?;
        for record in &batch.records {
            let event = decode(parts, record)?;
            serving.fold(&event)?;
        }
        if serving.states.changed() >= SAVE_AFTER_CHANGED
            && let Err(error) = save_now(parts, serving)
        {
            tracing::warn!(partition = %parts.partition, %error, "a checkpoint was not saved during recovery");
        }
    }
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
    /// Folds one event of the log.
    fn fold(&mut self, recorded: &Recorded<A::Event>) -> Result<(), String> {
        let meta = &recorded.meta;
        let (key, text) =
            (&recorded.key, |error: crate::checkpoint::CheckpointError| error.to_string());
        if meta.sequence != self.sequence + 1 {
            return Err(format!("sequence {} follows {}", meta.sequence, self.sequence));
        }
        let version = self.states.evolve(key, &recorded.event).map_err(text)?;
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
        self.note_due(key).map_err(text)?;
        self.sequence = meta.sequence;
        self.event_id = meta.event_id;
        self.recorded_at = self.recorded_at.max(meta.recorded_at);
        Ok(())
    }
}
