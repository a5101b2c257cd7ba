//! What a shard holds while it serves: the right to append, and everything that follows from the log so far.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use chimera_domain::aggregate::Aggregate;
use chimera_log::{AppendError, Partition};

use super::commands::Commands;
use super::committer::{Committer, Outcome};
use super::round::Round;
use super::states::States;
use super::timers::Timers;
use crate::checkpoint::{CheckpointError, CommandRecord};
use crate::metric_names::{APPEND_BATCH_EVENTS, APPEND_LATENCY_MS};
use crate::request::{Position, Receipt};

pub(super) struct Serving<A: Aggregate> {
    pub(super) writer: Committer,
    pub(super) states: States<A>,
    pub(super) commands: Commands,
    pub(super) timers: Timers,
    /// The last sequence of the state; between deciding and the commit it runs ahead of the log.
    pub(super) sequence: u64,
    /// While the log is read: a checkpoint that was interrupted has states of events up to this one.
    pub(super) ahead_until: u64,
    /// The last sequence of the batch that was handed to the log last.
    pub(super) in_commit: u64,
    /// The id of the last event of the last closed round.
    pub(super) event_id: u128,
    /// The log's own time: when its latest event was recorded.
    pub(super) recorded_at: chimera_domain::time::Timestamp,
    pub(super) checkpoint: Checkpointing,
    pub(super) gauges: Gauges,
}

/// How far saving is behind.
pub(super) struct Checkpointing {
    pub(super) last_sequence: u64,
    pub(super) last_time: Instant,
    /// A snapshot waits for the commit of its round.
    pub(super) held: bool,
    pub(super) saving: Option<Saving>,
}

impl Drop for Checkpointing {
    /// Nothing is written behind the back of whoever comes next.
    fn drop(&mut self) {
        if let Some(saving) = self.saving.take() {
            let _ = saving.thread.join();
        }
    }
}

/// A snapshot that another thread is saving.
pub(super) struct Saving {
    pub(super) sequence: u64,
    pub(super) keys: Vec<Arc<str>>,
    pub(super) thread: JoinHandle<Result<(), CheckpointError>>,
}

/// Metric handles, looked up once.
pub(super) struct Gauges {
    batch_events: metrics::Histogram,
    latency_ms: metrics::Histogram,
}

impl Gauges {
    pub(super) fn new(partition: &Partition) -> Self {
        let stream = partition.stream.to_string();
        Self {
            batch_events: metrics::histogram!(APPEND_BATCH_EVENTS, "stream" => stream.clone()),
            latency_ms: metrics::histogram!(APPEND_LATENCY_MS, "stream" => stream),
        }
    }
}

/// Why a round is not in the log, or may not be.
pub(super) struct AppendFailed {
    pub(super) reason: String,
    pub(super) may_have_been_written: bool,
    /// Another process has claimed the partition.
    pub(super) fenced: bool,
}

impl<A: Aggregate> Serving<A> {
    /// The round that has just been decided ends where the state is now.
    pub(super) fn note_end_of(&mut self, round: &mut Round<A>) {
        round.sequence = self.sequence;
        if !round.batch.is_empty() {
            self.event_id = round.last_event_id;
            self.recorded_at = self.recorded_at.max(round.now);
        }
    }

    /// Hands the round's batch to the log. False if there is nothing to append.
    pub(super) fn begin_commit(&mut self, round: &mut Round<A>) -> bool {
        if round.batch.is_empty() {
            return false;
        }
        let batch = std::mem::take(&mut round.batch);
        #[expect(clippy::cast_precision_loss, reason = "a batch has far fewer than 2^52 events")]
        self.gauges.batch_events.record(batch.len() as f64);
        self.in_commit = round.sequence;
        self.writer.begin(batch);
        true
    }

    /// Takes note of what became of the batch that was handed over last.
    pub(super) fn committed(&mut self, outcome: Outcome) -> Result<(), AppendFailed> {
        let appended = outcome.appended.map_err(|error| AppendFailed {
            may_have_been_written: matches!(error, AppendError::Indeterminate { .. }),
            fenced: matches!(
                error,
                AppendError::Fenced { .. } | AppendError::Indeterminate { fenced: true, .. }
            ),
            reason: error.to_string(),
        })?;
        self.gauges.latency_ms.record(outcome.elapsed.as_secs_f64() * 1000.0);
        if appended.last != self.in_commit {
            return Err(AppendFailed {
                may_have_been_written: true,
                fenced: false,
                reason: format!("the log ends at {}, not {}", appended.last, self.in_commit),
            });
        }
        Ok(())
    }
}

/// The receipt of a command that was honoured before.
pub(super) fn repeated<A: Aggregate>(partition: &Partition, record: CommandRecord) -> Receipt<A> {
    let position = Position { partition: partition.clone(), sequence: record.sequence };
    Receipt { position, version: record.version, events: Vec::new() }
}
