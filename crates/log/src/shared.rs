//! One log as each of several processes has it: what it was given, and who has claimed what. For tests, which say what is
//! given to whom; a real log asks a group of processes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use crate::batch::Batch;
use crate::error::{AppendError, ClaimError, ReadError};
use crate::port::{Appended, EventLog, Owner, Owners, Ownership, Reader, Writer};
use crate::record::{Partition, StreamSpec};
use crate::share::Share;
use crate::shares::Shares;

/// Between two looks at whether claims are still held.
const PAUSE: Duration = Duration::from_millis(1);

/// A log that several processes share.
pub struct SharedLog {
    inner: Arc<dyn EventLog>,
    owners: Arc<watch::Sender<Arc<Owners>>>,
}

impl SharedLog {
    /// Nobody has been given anything yet.
    #[must_use]
    pub fn new(inner: Arc<dyn EventLog>) -> Self {
        Self { inner, owners: Arc::new(watch::Sender::default()) }
    }

    /// The log as the process at `address` has it.
    #[must_use]
    pub fn at(&self, address: &str) -> Arc<MemberLog> {
        Arc::new(MemberLog {
            inner: Arc::clone(&self.inner),
            owners: Arc::clone(&self.owners),
            address: address.into(),
            given: watch::Sender::default(),
            contests: AtomicU32::new(0),
            doubts: Arc::default(),
            is_held: AtomicBool::default(),
            shares: Shares::default(),
        })
    }
}

/// The log as one process has it.
pub struct MemberLog {
    inner: Arc<dyn EventLog>,
    owners: Arc<watch::Sender<Arc<Owners>>>,
    address: Arc<str>,
    given: watch::Sender<Ownership>,
    contests: AtomicU32,
    doubts: Arc<AtomicBool>,
    is_held: AtomicBool,
    shares: Shares,
}

impl MemberLog {
    /// From now on these partitions are given to the process, and no others.
    pub fn give(&self, partitions: impl IntoIterator<Item = Partition>) {
        self.given.send_replace(partitions.into_iter().collect::<BTreeSet<_>>());
    }

    /// What the process is given in each group; nothing before a test says so.
    #[must_use]
    pub fn shares(&self) -> &Shares {
        &self.shares
    }

    /// The next so many claims are contested.
    pub fn contest(&self, claims: u32) {
        self.contests.store(claims, Ordering::SeqCst);
    }

    /// How many claims are still to be contested.
    #[must_use]
    pub fn contests(&self) -> u32 {
        self.contests.load(Ordering::SeqCst)
    }

    /// From now on a fence shows itself as an append of which nobody knows what became.
    pub fn doubt(&self) {
        self.doubts.store(true, Ordering::SeqCst);
    }

    /// While claims are held, none of the process ends.
    pub fn hold_claims(&self, held: bool) {
        self.is_held.store(held, Ordering::SeqCst);
    }

    fn is_contested(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        self.contests.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }
}

impl EventLog for MemberLog {
    fn ensure_streams(&self, streams: &[StreamSpec]) -> Result<(), ClaimError> {
        self.inner.ensure_streams(streams)
    }

    fn streams(&self) -> Result<Vec<StreamSpec>, ReadError> {
        self.inner.streams()
    }

    fn claim(&self, partition: &Partition) -> Result<Box<dyn Writer>, ClaimError> {
        if self.is_contested() {
            return Err(ClaimError::Contested(partition.clone()));
        }
        while self.is_held.load(Ordering::SeqCst) {
            thread::sleep(PAUSE);
        }
        let writer = self.inner.claim(partition)?;
        let owner = Owner { address: Arc::clone(&self.address), term: writer.term() };
        self.owners.send_modify(|owners| {
            Arc::make_mut(owners).insert(partition.clone(), owner);
        });
        Ok(Box::new(MemberWriter { writer, doubts: Arc::clone(&self.doubts) }))
    }

    fn read(&self, partition: &Partition, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        self.inner.read(partition, from)
    }

    fn high_watermark(&self, partition: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        self.inner.high_watermark(partition)
    }

    fn ownership(&self) -> watch::Receiver<Ownership> {
        self.given.subscribe()
    }

    fn owners(&self) -> watch::Receiver<Arc<Owners>> {
        self.owners.subscribe()
    }

    fn share(&self, group: &str, _: &[&str]) -> Result<Arc<dyn Share>, ReadError> {
        Ok(self.shares.join(group))
    }
}

struct MemberWriter {
    writer: Box<dyn Writer>,
    doubts: Arc<AtomicBool>,
}

impl Writer for MemberWriter {
    fn term(&self) -> u64 {
        self.writer.term()
    }

    fn next_sequence(&self) -> u64 {
        self.writer.next_sequence()
    }

    fn append(&mut self, batch: Batch) -> Result<Appended, AppendError> {
        match self.writer.append(batch) {
            Err(AppendError::Fenced { partition }) if self.doubts.load(Ordering::SeqCst) => {
                let reason = "a fence, as a commit meets it".to_owned();
                Err(AppendError::Indeterminate { partition, reason, fenced: true })
            }
            appended => appended,
        }
    }
}
