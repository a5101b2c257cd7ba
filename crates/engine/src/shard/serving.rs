//! What a shard holds while it serves: the right to append, and everything that follows from the log so far.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use chimera_domain::aggregate::Aggregate;
use chimera_log::{AppendError, Partition, Writer};

use super::commands::Commands;
use super::round::Round;
use super::states::States;
use super::timers::Timers;
use crate::checkpoint::{CheckpointError, CommandRecord};
use crate::metric_names::{APPEND_BATCH_EVENTS, APPEND_LATENCY_MS};
use crate::request::{Position, Receipt};

pub(super) struct Serving<A: Aggregate> {
    pub(super) writer: Box<dyn Writer>,
    pub(super) states: States<A>,
    pub(super) commands: Commands,
    pub(super) timers: Timers,
    /// The last sequence of the state; between deciding and the commit it runs ahead of the log.
    pub(super) sequence: u64,
    /// The id of the event at `sequence`, once committed.
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
    pub(super) saving: Option<Saving>,
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
}

impl<A: Aggregate> Serving<A> {
    pub(super) fn append(&mut self, round: &mut Round<A>) -> Result<(), AppendFailed> {
        let batch = std::mem::take(&mut round.batch);
        #[expect(clippy::cast_precision_loss, reason = "a batch has far fewer than 2^52 events")]
        self.gauges.batch_events.record(batch.len() as f64);
        let started = Instant::now();
        let appended = self.writer.append(batch).map_err(|error| AppendFailed {
            may_have_been_written: matches!(error, AppendError::Indeterminate { .. }),
            reason: error.to_string(),
        })?;
        self.gauges.latency_ms.record(started.elapsed().as_secs_f64() * 1000.0);
        if appended.last != self.sequence {
            return Err(AppendFailed {
                may_have_been_written: true,
                reason: format!("the log ends at {}, not {}", appended.last, self.sequence),
            });
        }
        self.event_id = round.last_event_id;
        self.recorded_at = self.recorded_at.max(round.now);
        Ok(())
    }
}

/// The receipt of a command that was honoured before.
pub(super) fn repeated<A: Aggregate>(partition: &Partition, record: CommandRecord) -> Receipt<A> {
    let position = Position { partition: partition.clone(), sequence: record.sequence };
    Receipt { position, version: record.version, events: Vec::new() }
}
