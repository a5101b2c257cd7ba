//! A log that lives as long as its process: for tests, simulation and demonstrations.
//!
//! Keeps every promise of the port but durability. Never writes a file, never waits for anything but an append.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::batch::Batch;
use crate::error::{AppendError, ClaimError, ReadError};
use crate::port::{Appended, EventLog, Ownership, Reader, Writer};
use crate::record::{Entry, Partition, RawBatch, RawRecord, StreamSpec};

/// How many records one [`RawBatch`] carries at most.
const RECORDS_A_READ: usize = 1024;
/// How many bytes of values, at most, before a read stops; one record may be larger.
const BYTES_A_READ: usize = 1024 * 1024;

type Records = Arc<RwLock<Vec<RawRecord>>>;

/// An [`EventLog`] in memory. Share it as `Arc<MemoryLog>`.
pub struct MemoryLog {
    streams: Mutex<BTreeMap<Arc<str>, Vec<Arc<Held>>>>,
    ownership: watch::Sender<Ownership>,
}

/// One partition, alive while the log or one of its writers is.
struct Held {
    name: Partition,
    term: Mutex<u64>,
    records: Records,
    announce: watch::Sender<u64>,
}

impl MemoryLog {
    /// A log without streams.
    #[must_use]
    pub fn new() -> Self {
        Self { streams: Mutex::default(), ownership: watch::Sender::new(Ownership::new()) }
    }

    fn held(&self, partition: &Partition) -> Option<Arc<Held>> {
        let streams = locked(&self.streams);
        let index = usize::try_from(partition.index).ok()?;
        streams.get(&partition.stream)?.get(index).cloned()
    }
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

impl EventLog for MemoryLog {
    fn ensure_streams(&self, wanted: &[StreamSpec]) -> Result<(), ClaimError> {
        let mut streams = locked(&self.streams);
        for stream in wanted {
            let present = streams.get(&stream.name).map_or(stream.partitions as usize, Vec::len);
            if present != stream.partitions as usize || present == 0 {
                return Err(ClaimError::Unavailable {
                    partition: Partition::new(&stream.name, 0),
                    reason: format!(
                        "the stream has {present} partitions and {} were asked for; ask for {present}, \
                         for the count never changes",
                        stream.partitions
                    ),
                });
            }
        }
        for stream in wanted {
            streams.entry(stream.name.clone()).or_insert_with(|| held_partitions(stream));
        }
        self.ownership.send_replace(streams.values().flatten().map(|h| h.name.clone()).collect());
        Ok(())
    }

    fn streams(&self) -> Result<Vec<StreamSpec>, ReadError> {
        let streams = locked(&self.streams);
        let specs = streams.iter().map(|(name, held)| StreamSpec {
            name: name.clone(),
            partitions: u32::try_from(held.len()).unwrap_or(u32::MAX),
        });
        Ok(specs.collect())
    }

    fn claim(&self, partition: &Partition) -> Result<Box<dyn Writer>, ClaimError> {
        let Some(held) = self.held(partition) else {
            return Err(ClaimError::UnknownPartition(partition.clone()));
        };
        let mut latest = locked(&held.term);
        *latest += 1;
        let (term, next) = (*latest, *held.announce.borrow() + 1);
        drop(latest);
        Ok(Box::new(MemoryWriter { held, term, next }))
    }

    fn read(&self, partition: &Partition, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        let Some(held) = self.held(partition) else {
            return Err(ReadError::UnknownPartition(partition.clone()));
        };
        let (records, announced) = (held.records.clone(), held.announce.subscribe());
        Ok(Box::new(MemoryReader { records, announced, position: from.max(1) }))
    }

    fn high_watermark(&self, partition: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        match self.held(partition) {
            Some(held) => Ok(held.announce.subscribe()),
            None => Err(ReadError::UnknownPartition(partition.clone())),
        }
    }

    fn ownership(&self) -> watch::Receiver<Ownership> {
        self.ownership.subscribe()
    }
}

struct MemoryWriter {
    held: Arc<Held>,
    term: u64,
    next: u64,
}

impl Writer for MemoryWriter {
    fn term(&self) -> u64 {
        self.term
    }

    fn next_sequence(&self) -> u64 {
        self.next
    }

    fn append(&mut self, batch: Batch) -> Result<Appended, AppendError> {
        let latest = locked(&self.held.term);
        if *latest != self.term {
            return Err(AppendError::Fenced { partition: self.held.name.clone() });
        }
        let first = self.next;
        let mut records = self.held.records.write().unwrap_or_else(PoisonError::into_inner);
        for entry in batch.into_entries() {
            records.push(raw(self.next, entry));
            self.next += 1;
        }
        drop(records);
        self.held.announce.send_replace(self.next - 1);
        Ok(Appended { first, last: self.next - 1 })
    }
}

struct MemoryReader {
    records: Records,
    announced: watch::Receiver<u64>,
    position: u64,
}

#[async_trait]
impl Reader for MemoryReader {
    async fn next(&mut self) -> Result<RawBatch, ReadError> {
        let position = self.position;
        let last = *self
            .announced
            .wait_for(|last| *last >= position)
            .await
            .map_err(|_closed| ReadError::Closed)?;
        let records = slice(&self.records, position, last);
        self.position += records.len() as u64;
        Ok(RawBatch { records })
    }

    fn position(&self) -> u64 {
        self.position
    }
}

/// Some of the records `from..=last`, at least one.
fn slice(records: &Records, from: u64, last: u64) -> Vec<RawRecord> {
    let records = records.read().unwrap_or_else(PoisonError::into_inner);
    let start = usize::try_from(from - 1).unwrap_or(usize::MAX);
    let end = usize::try_from(last).unwrap_or(usize::MAX);
    let mut taken = Vec::new();
    let mut bytes = 0;
    for record in &records[start..end] {
        taken.push(record.clone());
        bytes += record.value.len();
        if taken.len() == RECORDS_A_READ || bytes >= BYTES_A_READ {
            break;
        }
    }
    taken
}

fn raw(sequence: u64, entry: Entry) -> RawRecord {
    RawRecord {
        sequence,
        key: text(&entry.key),
        event_type: text(&entry.event_type),
        traceparent: entry.traceparent.as_deref().map(text).unwrap_or_default(),
        value: entry.value.into(),
    }
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn held_partitions(stream: &StreamSpec) -> Vec<Arc<Held>> {
    let held = |index| Held {
        name: Partition { stream: stream.name.clone(), index },
        term: Mutex::new(0),
        records: Records::default(),
        announce: watch::Sender::new(0),
    };
    (0..stream.partitions).map(|index| Arc::new(held(index))).collect()
}

/// A lock is held only around plain assignments, so what a panicking thread leaves behind is whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
