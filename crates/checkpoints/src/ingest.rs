//! Large snapshots, written as sorted tables past the journal.
//!
//! Such a save is not one step. Before it begins, the head says up to where it goes; whoever finds that after a crash knows that
//! what is saved may be ahead of the head, and nothing is beyond.

use chimera_engine::{CheckpointError, Restored, Snapshot};
use chimera_log::Partition;
use fjall::PersistMode;

use crate::layout;
use crate::store::{EmbeddedCheckpoints, unavailable};

impl EmbeddedCheckpoints {
    /// Notes, durably, that a save goes up to the snapshot's sequence.
    pub(crate) fn begin_ahead(
        &self,
        partition: &Partition,
        snapshot: &Snapshot,
    ) -> Result<(), CheckpointError> {
        let before = match self.head(partition)? {
            Some((format, head)) if format == u64::from(snapshot.format) => head,
            _ => Restored::default(),
        };
        let ahead_until = before.ahead_until.max(snapshot.sequence);
        let head = Restored { ahead_until, ..before };
        let sealed = layout::seal_head(snapshot.format, &head);
        self.heads.insert(layout::key(partition, &[]), sealed).map_err(unavailable)?;
        self.database.persist(PersistMode::SyncData).map_err(unavailable)
    }

    /// Writes what is in the snapshot, which must be in order.
    pub(crate) fn ingest(
        &self,
        partition: &Partition,
        snapshot: &Snapshot,
    ) -> Result<(), CheckpointError> {
        let mut states = self.states.start_ingestion().map_err(unavailable)?;
        let mut timers = self.timers.start_ingestion().map_err(unavailable)?;
        for saved in &snapshot.states {
            let key = layout::key(partition, saved.key.as_bytes());
            states.write(key.clone(), layout::seal_state(saved)).map_err(unavailable)?;
            let written = match saved.due {
                Some(due) => timers.write(key, layout::seal_timer(due)),
                None => timers.write_tombstone(key),
            };
            written.map_err(unavailable)?;
        }
        states.finish().and_then(|()| timers.finish()).map_err(unavailable)?;
        self.ingest_commands(partition, snapshot)
    }

    /// A snapshot spans two days at most but for a clock that was set, so that going through it once a day costs little.
    fn ingest_commands(
        &self,
        partition: &Partition,
        snapshot: &Snapshot,
    ) -> Result<(), CheckpointError> {
        let mut days: Vec<i64> =
            snapshot.commands.iter().map(|(_, record)| record.recorded_at.day()).collect();
        days.sort_unstable();
        days.dedup();
        for day in days {
            let keyspace = self.day(day)?;
            let mut commands = keyspace.start_ingestion().map_err(unavailable)?;
            for (id, record) in &snapshot.commands {
                if record.recorded_at.day() == day {
                    let key = layout::key(partition, &id.to_be_bytes());
                    commands.write(key, layout::seal_command(record)).map_err(unavailable)?;
                }
            }
            commands.finish().map_err(unavailable)?;
        }
        Ok(())
    }
}
