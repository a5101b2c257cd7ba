//! A log whose appends wait for other machines, as Kafka's do: the shard decides further commands meanwhile. The wait is a
//! gate, or lasts until the shard has looked for commands at least once, so that every failure hits a round with another
//! one behind it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use chimera_domain::time::Timestamp;
use chimera_engine::Clock;
use chimera_log::{
    AppendError, Appended, Batch, ClaimError, EventLog, Ownership, Partition, ReadError, Reader,
    StreamSpec, Writer,
};
use tokio::sync::watch;

/// How many commands have been sent, and how often the shard has asked what time it is, which it does with each look into
/// its mailbox.
#[derive(Default)]
pub struct Watched {
    pub outstanding: AtomicU64,
    looks: AtomicU64,
    hurry: AtomicBool,
    /// Appends that failed while more commands were outstanding than the batch had.
    pub failed_with_more_behind: AtomicU64,
}

impl Watched {
    /// Appends do not wait any more.
    pub fn hurry(&self) {
        self.hurry.store(true, Ordering::SeqCst);
    }

    /// Until the shard has begun and ended a look since the call.
    fn await_look(&self) {
        let before = self.looks.load(Ordering::SeqCst);
        while self.looks.load(Ordering::SeqCst) < before + 2 && !self.hurry.load(Ordering::SeqCst) {
            thread::yield_now();
        }
    }
}

/// Stands still, and counts who asks.
pub struct WatchedClock(pub Arc<Watched>, pub Timestamp);

impl Clock for WatchedClock {
    fn now(&self) -> Timestamp {
        self.0.looks.fetch_add(1, Ordering::SeqCst);
        self.1
    }
}

/// Holds appends until it is opened.
#[derive(Default)]
pub struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    closed: bool,
    arrived: u64,
}

impl Gate {
    pub fn close(&self) {
        self.set(|state| state.closed = true);
    }

    pub fn open(&self) {
        self.set(|state| state.closed = false);
    }

    /// Until so many appends have begun.
    pub fn await_arrivals(&self, count: u64) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(state, |state| state.arrived < count).unwrap());
    }

    fn pass(&self) {
        self.set(|state| state.arrived += 1);
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(state, |state| state.closed).unwrap());
    }

    fn set(&self, change: impl FnOnce(&mut GateState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}

/// What an append waits for.
#[derive(Clone)]
pub enum Wait {
    Gate(Arc<Gate>),
    Look(Arc<Watched>),
}

/// Wraps a log.
pub struct RemoteLog {
    pub inner: Arc<dyn EventLog>,
    pub wait: Wait,
}

impl EventLog for RemoteLog {
    fn ensure_streams(&self, streams: &[StreamSpec]) -> Result<(), ClaimError> {
        self.inner.ensure_streams(streams)
    }

    fn streams(&self) -> Result<Vec<StreamSpec>, ReadError> {
        self.inner.streams()
    }

    fn claim(&self, partition: &Partition) -> Result<Box<dyn Writer>, ClaimError> {
        let writer = self.inner.claim(partition)?;
        Ok(Box::new(RemoteWriter { writer, wait: self.wait.clone() }))
    }

    fn read(&self, partition: &Partition, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        self.inner.read(partition, from)
    }

    fn high_watermark(&self, partition: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        self.inner.high_watermark(partition)
    }

    fn ownership(&self) -> watch::Receiver<Ownership> {
        self.inner.ownership()
    }
}

struct RemoteWriter {
    writer: Box<dyn Writer>,
    wait: Wait,
}

impl Writer for RemoteWriter {
    fn term(&self) -> u64 {
        self.writer.term()
    }

    fn next_sequence(&self) -> u64 {
        self.writer.next_sequence()
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn append(&mut self, batch: Batch) -> Result<Appended, AppendError> {
        let size = batch.len() as u64;
        let watched = match &self.wait {
            Wait::Gate(gate) => {
                gate.pass();
                return self.writer.append(batch);
            }
            Wait::Look(watched) => watched,
        };
        watched.await_look();
        let appended = self.writer.append(batch);
        if appended.is_err() && watched.outstanding.load(Ordering::SeqCst) > size {
            watched.failed_with_more_behind.fetch_add(1, Ordering::SeqCst);
        }
        appended
    }
}
