//! A log that counts how often each partition was begun, and may hear late of what was appended, as one behind a network.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chimera_log::{
    ClaimError, EventLog, MemberLog, Ownership, Partition, ReadError, Reader, Share, StreamSpec,
    Writer,
};
use tokio::sync::watch;

/// The log as a member has it.
pub(crate) struct Counting {
    log: Arc<MemberLog>,
    begun: Mutex<BTreeMap<Partition, u32>>,
    /// Where partitions end, as far as it has heard; none if it hears at once.
    heard: Option<watch::Sender<u64>>,
}

impl Counting {
    pub(crate) fn of(log: &Arc<MemberLog>) -> Arc<Self> {
        Arc::new(Self { log: log.clone(), begun: Mutex::default(), heard: None })
    }

    /// Every partition ends at 0 until the log is told otherwise.
    pub(crate) fn late(log: &Arc<MemberLog>) -> Arc<Self> {
        let heard = Some(watch::Sender::new(0));
        Arc::new(Self { log: log.clone(), begun: Mutex::default(), heard })
    }

    pub(crate) fn hear(&self, end: u64) {
        if let Some(heard) = &self.heard {
            heard.send_replace(end);
        }
    }

    /// How often somebody began to read the partition.
    pub(crate) fn begun(&self, partition: &Partition) -> u32 {
        self.begun.lock().unwrap().get(partition).copied().unwrap_or(0)
    }
}

impl EventLog for Counting {
    fn ensure_streams(&self, streams: &[StreamSpec]) -> Result<(), ClaimError> {
        self.log.ensure_streams(streams)
    }

    fn streams(&self) -> Result<Vec<StreamSpec>, ReadError> {
        self.log.streams()
    }

    fn claim(&self, partition: &Partition) -> Result<Box<dyn Writer>, ClaimError> {
        self.log.claim(partition)
    }

    fn read(&self, partition: &Partition, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        *self.begun.lock().unwrap().entry(partition.clone()).or_default() += 1;
        self.log.read(partition, from)
    }

    fn high_watermark(&self, partition: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        match &self.heard {
            Some(heard) => Ok(heard.subscribe()),
            None => self.log.high_watermark(partition),
        }
    }

    fn ownership(&self) -> watch::Receiver<Ownership> {
        self.log.ownership()
    }

    fn share(&self, group: &str, streams: &[&str]) -> Result<Arc<dyn Share>, ReadError> {
        self.log.share(group, streams)
    }
}
