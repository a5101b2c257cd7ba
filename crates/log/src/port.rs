//! The `EventLog` port: claim a partition to write, read any partition and follow its tail.
//!
//! Partitions, not streams: honest about Kafka. Writing blocks (a shard owns a thread); reading is asynchronous.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::batch::Batch;
use crate::error::{AppendError, ClaimError, ReadError};
use crate::record::{Partition, RawBatch, StreamSpec};
use crate::share::{Share, Whole};

/// The partitions that this process may claim; changes are announced through [`EventLog::ownership`].
pub type Ownership = BTreeSet<Partition>;

/// Who has claimed a partition last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// `host:port` at which its process takes commands from others.
    pub address: Arc<str>,
    /// The term of its claim; of two owners the one of the higher term is the later.
    pub term: u64,
}

/// The owners that are known, by partition.
pub type Owners = HashMap<Partition, Owner>;

/// A log of partitioned streams.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Creates the streams that are missing and checks the partition count of the others.
    ///
    /// # Errors
    /// [`ClaimError::Unavailable`] with what to do, if a stream has another partition count.
    fn ensure_streams(&self, streams: &[StreamSpec]) -> Result<(), ClaimError>;

    /// The streams that exist, by name.
    ///
    /// # Errors
    /// If the log cannot answer.
    fn streams(&self) -> Result<Vec<StreamSpec>, ReadError>;

    /// What is set for a stream by itself, by the names that its log has for it; nothing where a log has no settings.
    ///
    /// # Errors
    /// If the stream is unknown or the log cannot answer.
    fn settings(&self, _stream: &str) -> Result<BTreeMap<String, String>, ReadError> {
        Ok(BTreeMap::new())
    }

    /// Makes the caller the only writer of `partition`: every writer claimed before is fenced. Blocks.
    ///
    /// # Errors
    /// If the partition is unknown or the log cannot answer.
    fn claim(&self, partition: &Partition) -> Result<Box<dyn Writer>, ClaimError>;

    /// Reads from `from` (a sequence, at least 1) to the end, then follows the tail.
    ///
    /// # Errors
    /// If the partition is unknown or cannot be read.
    fn read(&self, partition: &Partition, from: u64) -> Result<Box<dyn Reader>, ReadError>;

    /// The last acknowledged sequence; 0 while the partition is empty. Each change is announced.
    ///
    /// # Errors
    /// If the partition is unknown or the log cannot answer.
    fn high_watermark(&self, partition: &Partition) -> Result<watch::Receiver<u64>, ReadError>;

    /// The partitions given to this process. An embedded log gives all, always.
    fn ownership(&self) -> watch::Receiver<Ownership>;

    /// Who has claimed each partition last, in whichever process. A log for one process knows of nobody.
    fn owners(&self) -> watch::Receiver<Arc<Owners>> {
        watch::channel(Arc::default()).1
    }

    /// Asks anew whether `partition` is given to this process: what [`EventLog::ownership`] says may be old news to a process
    /// that was held up. Blocks.
    fn still_given(&self, partition: &Partition) -> bool {
        self.ownership().borrow().contains(partition)
    }

    /// Gives back what this process was given, for good; whether others are there to take it over. Blocks.
    fn leave(&self) -> bool {
        false
    }

    /// Takes part in the group that shares the partitions of these streams under this name; work of another name is shared for
    /// itself. An embedded log gives all, always.
    ///
    /// # Errors
    /// If a stream is unknown or the log cannot answer.
    fn share(&self, _group: &str, streams: &[&str]) -> Result<Arc<dyn Share>, ReadError> {
        Ok(Arc::new(Whole::of(&self.streams()?, streams)?))
    }
}

/// Where readers with a name keep how far they have come, so that whichever process goes on knows.
#[async_trait]
pub trait Bookmarks: Send + Sync {
    /// Up to and with which sequence `reader` has done everything in `partition`; 0 at first.
    ///
    /// # Errors
    /// Text for an operator.
    async fn find(&self, reader: &str, partition: &Partition) -> Result<u64, String>;

    /// Keeps how far `reader` has come.
    ///
    /// # Errors
    /// Text for an operator; the reader repeats some of its work after the next start.
    async fn keep(&self, reader: &str, partition: &Partition, sequence: u64) -> Result<(), String>;
}

/// The right to append to one partition, until a newer claim.
pub trait Writer: Send {
    /// Grows with every claim; stands in the envelope of each event.
    fn term(&self) -> u64;

    /// The sequence that the next appended entry gets; 1 in an empty partition.
    fn next_sequence(&self) -> u64;

    /// Whether an append waits for other machines: milliseconds in which its caller should do something else on another
    /// thread. Where it takes about as long as waking one, the answer is no.
    fn is_remote(&self) -> bool {
        false
    }

    /// Appends all entries or none, durably, numbered from [`Writer::next_sequence`]. Blocks until it is certain.
    ///
    /// After `Fenced` or `Indeterminate` the writer is spent: claim again.
    ///
    /// # Errors
    /// See [`AppendError`].
    fn append(&mut self, batch: Batch) -> Result<Appended, AppendError>;
}

/// Proof of a durable append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The sequence of the batch's first entry.
    pub first: u64,
    /// The sequence of the batch's last entry.
    pub last: u64,
}

/// A position in a partition that moves forward.
#[async_trait]
pub trait Reader: Send {
    /// The next records, bounded in bytes; waits where the tail has been reached. Only acknowledged records are ever given.
    /// Safe to drop while waiting: no record is lost.
    ///
    /// # Errors
    /// See [`ReadError`]; after an error the reader stays where it is.
    async fn next(&mut self) -> Result<RawBatch, ReadError>;

    /// The sequence that comes next.
    fn position(&self) -> u64;
}
