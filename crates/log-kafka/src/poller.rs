//! The thread that takes a producer's delivery reports. Polls while the producer is in use, and sleeps when it is not: a poll
//! of librdkafka that waits spins for the last millisecond of its time, and an installation has two producers a partition.
//!
//! Never outlives its producer by more than one poll.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rdkafka::producer::{BaseProducer, Producer, ProducerContext};

/// One wait for reports; also how long an end may take.
const POLL: Duration = Duration::from_millis(100);
/// How often an idle producer is asked for what it has to say of its connections.
const IDLE: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Shared {
    /// Grows with each use of the producer.
    uses: AtomicU64,
    asleep: AtomicBool,
    stopping: AtomicBool,
}

/// Polls until it is dropped.
pub(crate) struct Poller {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Poller {
    /// # Errors
    /// If the operating system gives no thread.
    pub(crate) fn start<C: ProducerContext + 'static>(
        producer: Arc<BaseProducer<C>>,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let named = thread::Builder::new().name("reports".to_owned());
        let thread = named.spawn(move || poll(&producer, &seen))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The producer will have reports from now on.
    pub(crate) fn wake(&self) {
        self.shared.uses.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.unpark();
        }
    }

    fn unpark(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.unpark();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn poll<C: ProducerContext>(producer: &BaseProducer<C>, shared: &Shared) {
    let mut seen = shared.uses.load(Ordering::SeqCst);
    while !shared.stopping.load(Ordering::SeqCst) {
        producer.poll(POLL);
        let uses = shared.uses.load(Ordering::SeqCst);
        if uses == seen && producer.in_flight_count() == 0 {
            sleep(shared, seen);
        }
        seen = uses;
    }
}

/// Until the producer is used, or for a while. Whoever uses it in between finds the mark, or is found by the second look.
fn sleep(shared: &Shared, seen: u64) {
    shared.asleep.store(true, Ordering::SeqCst);
    let unused = shared.uses.load(Ordering::SeqCst) == seen;
    if unused && !shared.stopping.load(Ordering::SeqCst) {
        thread::park_timeout(IDLE);
    }
    shared.asleep.store(false, Ordering::SeqCst);
}
