//! Brings one batch after the other into the log: on the shard's own thread where an append is quick, on a thread of its own
//! where it waits for other machines, so that the shard can go on deciding.
//!
//! Never holds more than one batch. After a failure nothing more may be given to it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chimera_log::{AppendError, Appended, Batch, Partition, Writer};

/// What became of a batch, and how long it took.
pub(super) struct Outcome {
    pub(super) appended: Result<Appended, AppendError>,
    pub(super) elapsed: Duration,
}

/// The right to append to a partition, and the batch that is being appended.
pub(super) struct Committer {
    term: u64,
    partition: Partition,
    way: Way,
}

enum Way {
    /// The writer, and what became of the last batch.
    Here(Box<dyn Writer>, Option<Outcome>),
    Apart(Apart),
}

/// A thread that has the writer.
struct Apart {
    /// None once the thread is to end.
    batches: Option<SyncSender<Batch>>,
    outcomes: Receiver<Outcome>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    pub(super) fn new(writer: Box<dyn Writer>, partition: &Partition) -> Self {
        let term = writer.term();
        let way =
            if writer.is_remote() { Way::apart(writer, partition) } else { Way::here(writer) };
        Self { term, partition: partition.clone(), way }
    }

    /// The writer's term.
    pub(super) fn term(&self) -> u64 {
        self.term
    }

    /// Whether the shard may go on deciding while a batch is appended.
    pub(super) fn is_apart(&self) -> bool {
        matches!(self.way, Way::Apart(_))
    }

    /// Appends the batch, or has it appended; [`Committer::wait`] tells what became of it.
    pub(super) fn begin(&mut self, batch: Batch) {
        match &mut self.way {
            Way::Here(writer, outcome) => *outcome = Some(append(&mut **writer, batch)),
            Way::Apart(apart) => {
                // A thread that broke off is noticed when its outcome does not come.
                if let Some(batches) = &apart.batches {
                    let _ = batches.send(batch);
                }
            }
        }
    }

    /// What became of the batch that was begun; none if it takes longer than `most`.
    pub(super) fn wait(&mut self, most: Duration) -> Option<Outcome> {
        match &mut self.way {
            Way::Here(_, outcome) => outcome.take(),
            Way::Apart(apart) => match apart.outcomes.recv_timeout(most) {
                Ok(outcome) => Some(outcome),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(self.broken_off()),
            },
        }
    }

    fn broken_off(&self) -> Outcome {
        let reason = "the thread that appends broke off".to_owned();
        let partition = self.partition.clone();
        let appended = Err(AppendError::Indeterminate { partition, reason, fenced: false });
        Outcome { appended, elapsed: Duration::ZERO }
    }
}

impl Way {
    fn here(writer: Box<dyn Writer>) -> Self {
        Self::Here(writer, None)
    }

    fn apart(mut writer: Box<dyn Writer>, partition: &Partition) -> Self {
        let (batches, taken) = sync_channel::<Batch>(1);
        let (done, outcomes) = sync_channel(1);
        let name = format!("commit-{}", partition.index);
        let spawned = thread::Builder::new().name(name).spawn(move || {
            while let Ok(batch) = taken.recv() {
                if done.send(append(&mut *writer, batch)).is_err() {
                    return;
                }
            }
        });
        // Without a thread every append would fail as one that broke off: the shard recovers and tries again.
        let thread = spawned.inspect_err(|error| {
            tracing::error!(%partition, %error, "no thread to append on");
        });
        Self::Apart(Apart { batches: Some(batches), outcomes, thread: thread.ok() })
    }
}

impl Drop for Apart {
    /// Waits for the thread, so that no writer is left behind whoever claims next.
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn append(writer: &mut dyn Writer, batch: Batch) -> Outcome {
    let started = Instant::now();
    let appended = writer.append(batch);
    Outcome { appended, elapsed: started.elapsed() }
}
