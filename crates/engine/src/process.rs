//! Processes: consumers that turn events into commands, at least once and in order per aggregate.
//!
//! Owns the order, the concurrency, the retries and the checkpoint; what follows from an event is the process's own matter.

use std::time::Duration;

use async_trait::async_trait;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::recorded::Recorded;

mod runner;

pub use runner::ProcessRunner;

/// Something that reacts to the events of one stream. What it does must be harmless when repeated.
#[async_trait]
pub trait Process: Send + Sync + 'static {
    /// The aggregate whose events it reads.
    type Source: Aggregate;

    /// Unique; names its checkpoint.
    fn name(&self) -> &'static str;

    /// Whether an event of this type concerns it; the others are skipped without decoding.
    fn wants(&self, event_type: &str) -> bool;

    /// Does all that follows from one event. Called again, after a while, until it succeeds; later events of the same
    /// aggregate wait for it.
    ///
    /// # Errors
    /// [`Unfinished`] if something could not be done yet.
    async fn handle(
        &self,
        event: &Recorded<<Self::Source as Aggregate>::Event>,
    ) -> Result<(), Unfinished>;
}

/// Something could not be done yet; it will be tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfinished(pub String);

/// How a process is run.
#[derive(Debug, Clone, Copy)]
pub struct ProcessOptions {
    /// How many aggregates of one partition it works on at the same time.
    pub concurrency: usize,
    /// The first pause before a repeat; doubles up to `longest_pause`.
    pub first_pause: Duration,
    /// The longest pause before a repeat.
    pub longest_pause: Duration,
    /// After how many finished events the position is saved.
    pub save_every: u64,
}

impl Default for ProcessOptions {
    fn default() -> Self {
        Self {
            concurrency: 64,
            first_pause: Duration::from_millis(20),
            longest_pause: Duration::from_secs(5),
            save_every: 512,
        }
    }
}
