//! A reader that follows the tail while everything fails, as projectors do: it is told each record once, in order, and at
//! the end it has been told all, and so has the watch of the last sequence.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chimera_log::{EventLog, Partition, ReadError};
use chimera_log_kafka::{KafkaLog, KafkaSettings};

use crate::program::{PATIENCE, soon};

/// How long it waits before it looks whether it has come to the end.
const LOOK: Duration = Duration::from_millis(100);

/// A running follower.
pub(crate) struct Follower {
    /// The last sequence that there will ever be, once that is known.
    last: Arc<AtomicU64>,
    thread: JoinHandle<u64>,
}

impl Follower {
    /// `replication` as everywhere: whoever comes first makes the topics.
    pub(crate) fn start(brokers: &str, prefix: &str, replication: i32) -> Self {
        let topic_prefix = format!("{prefix}.");
        let settings =
            KafkaSettings { topic_prefix, replication, ..KafkaSettings::new(brokers, prefix) };
        let last = Arc::new(AtomicU64::new(u64::MAX));
        let known = Arc::clone(&last);
        Self { last, thread: thread::spawn(move || follow(&settings, &known)) }
    }

    /// Until it has been told all up to `last`; how often it had to begin anew.
    #[track_caller]
    pub(crate) fn reaches(self, last: u64) -> u64 {
        self.last.store(last, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn follow(settings: &KafkaSettings, last: &AtomicU64) -> u64 {
    let partition = Partition::new("orders", 0);
    let log = soon("the log", || KafkaLog::open(settings.clone()).ok());
    let mut reader = soon("a reader", || log.read(&partition, 1).ok());
    let watch = soon("a watch", || log.high_watermark(&partition).ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (mut expected, mut errors, mut deadline) = (1, 0, None);
    loop {
        let next = async { tokio::time::timeout(LOOK, reader.next()).await };
        match runtime.block_on(next) {
            Ok(Ok(batch)) => {
                for record in batch.records {
                    assert_eq!(record.sequence, expected, "the follower was told otherwise");
                    expected += 1;
                }
            }
            Ok(Err(ReadError::Unavailable { .. })) => errors += 1,
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => {}
        }
        let end = last.load(Ordering::Relaxed);
        if end == u64::MAX {
            continue;
        }
        if expected > end && *watch.borrow() >= end {
            assert_eq!((expected, *watch.borrow()), (end + 1, end), "there was more than there is");
            return errors;
        }
        let deadline = deadline.get_or_insert_with(|| Instant::now() + PATIENCE);
        let seen = *watch.borrow();
        assert!(
            Instant::now() < *deadline,
            "of {end}, {} were told and {seen} announced",
            expected - 1
        );
    }
}
