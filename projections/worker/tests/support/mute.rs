//! A log that does not answer for a while, as one behind a network does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chimera_log::{
    ClaimError, EventLog, MemoryLog, Ownership, Partition, ReadError, Reader, StreamSpec, Writer,
};
use tokio::sync::watch;

/// Answers none of the first so many questions.
pub(crate) struct Mute {
    log: Arc<MemoryLog>,
    unanswered: AtomicU32,
}

impl Mute {
    pub(crate) fn at_first(log: &Arc<MemoryLog>, questions: u32) -> Self {
        Self { log: log.clone(), unanswered: AtomicU32::new(questions) }
    }

    fn answers(&self, partition: &Partition) -> Result<(), ReadError> {
        let less = |left: u32| left.checked_sub(1);
        match self.unanswered.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
            Ok(_) => {
                let reason = "no answer".to_owned();
                Err(ReadError::Unavailable { partition: partition.clone(), reason })
            }
            Err(_) => Ok(()),
        }
    }
}

impl EventLog for Mute {
    fn ensure_streams(&self, streams: &[StreamSpec]) -> Result<(), ClaimError> {
        self.log.ensure_streams(streams)
    }

    fn streams(&self) -> Result<Vec<StreamSpec>, ReadError> {
        self.answers(&Partition::new("", 0))?;
        self.log.streams()
    }

    fn claim(&self, partition: &Partition) -> Result<Box<dyn Writer>, ClaimError> {
        self.log.claim(partition)
    }

    fn read(&self, partition: &Partition, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        self.answers(partition)?;
        self.log.read(partition, from)
    }

    fn high_watermark(&self, partition: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        self.answers(partition)?;
        self.log.high_watermark(partition)
    }

    fn ownership(&self) -> watch::Receiver<Ownership> {
        self.log.ownership()
    }
}
