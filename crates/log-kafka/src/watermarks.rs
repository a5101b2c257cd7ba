//! The last acknowledged sequence of each partition, as a watch: told by this process's writers at once, and by one thread
//! that follows the tails of the partitions asked for, for writers elsewhere. Never goes down.

use std::collections::HashMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use chimera_log::Partition;
use rdkafka::ClientConfig;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;
use tokio::sync::watch;

use crate::headers;
use crate::probe::{Last, Place};
use crate::voice::{Voice, Voiced};

/// How long a newly asked-for partition may wait until it is followed.
const LOOK: Duration = Duration::from_millis(50);

/// The watches, and the thread that follows tails once somebody has asked.
pub(crate) struct Watermarks {
    config: ClientConfig,
    watches: Mutex<HashMap<Partition, watch::Sender<u64>>>,
    followed: Mutex<Followed>,
}

#[derive(Default)]
struct Followed {
    partitions: HashMap<(String, i32), watch::Sender<u64>>,
    thread: Option<mpsc::Sender<Follow>>,
}

/// A tail to follow.
struct Follow {
    place: Place,
    from: i64,
    watch: watch::Sender<u64>,
}

impl Watermarks {
    pub(crate) fn new(mut config: ClientConfig) -> Self {
        // At the tail there is little to fetch; many partitions share this.
        config.set("fetch.message.max.bytes", "1048576");
        config.set("queued.min.messages", "1000");
        Self { config, watches: Mutex::default(), followed: Mutex::default() }
    }

    /// All up to `sequence` is committed.
    pub(crate) fn announce(&self, partition: &Partition, sequence: u64) {
        raise(&self.watch(partition), sequence);
    }

    /// The watch of a partition. `look` finds its last record, and is only called for one that is not followed yet.
    pub(crate) fn subscribe(
        &self,
        partition: &Partition,
        place: &Place,
        look: impl FnOnce() -> KafkaResult<Last>,
    ) -> KafkaResult<watch::Receiver<u64>> {
        let watch = self.watch(partition);
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (place.topic.clone(), place.index);
        if !followed.partitions.contains_key(&key) {
            let last = look()?;
            raise(&watch, last.sequence);
            let follow = Follow { place: place.clone(), from: last.end, watch: watch.clone() };
            self.follow(&mut followed, follow)?;
            followed.partitions.insert(key, watch.clone());
        }
        Ok(watch.subscribe())
    }

    fn follow(&self, followed: &mut Followed, follow: Follow) -> KafkaResult<()> {
        let unsent = match &followed.thread {
            Some(thread) => thread.send(follow).err().map(|unsent| unsent.0),
            None => Some(follow),
        };
        let Some(follow) = unsent else { return Ok(()) };
        let consumer: Voiced = self.config.create_with_context(Voice)?;
        let (thread, asked) = mpsc::channel();
        let named = thread::Builder::new().name("follow tails".to_owned());
        let started = named.spawn(move || follow_all(&consumer, &asked));
        started.map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        let _ = thread.send(follow);
        followed.thread = Some(thread);
        Ok(())
    }

    fn watch(&self, partition: &Partition) -> watch::Sender<u64> {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        watches.entry(partition.clone()).or_insert_with(|| watch::Sender::new(0)).clone()
    }
}

fn raise(watch: &watch::Sender<u64>, sequence: u64) {
    watch.send_if_modified(|last| {
        let later = *last < sequence;
        *last = sequence.max(*last);
        later
    });
}

/// Until the log is dropped.
fn follow_all(consumer: &Voiced, asked: &Receiver<Follow>) {
    let mut watches = HashMap::new();
    loop {
        match next(asked, watches.is_empty()) {
            Ok(follow) => {
                if let Err(error) = begin(consumer, &follow) {
                    tracing::error!(topic = follow.place.topic, %error, "a tail is not followed");
                }
                watches.insert((follow.place.topic, follow.place.index), follow.watch);
                continue;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return,
        }
        match consumer.poll(LOOK) {
            Some(Ok(message)) => {
                let key = (message.topic().to_owned(), message.partition());
                if let (Some(watch), Some(sequence)) =
                    (watches.get(&key), headers::of(&message).sequence)
                {
                    raise(watch, sequence);
                }
            }
            None | Some(Err(KafkaError::PartitionEOF(_))) => {}
            Some(Err(error)) => tracing::warn!(%error, "following tails waits for Kafka"),
        }
    }
}

fn next(asked: &Receiver<Follow>, idle: bool) -> Result<Follow, TryRecvError> {
    if !idle {
        return asked.try_recv();
    }
    asked.recv_timeout(LOOK).map_err(|error| match error {
        RecvTimeoutError::Timeout => TryRecvError::Empty,
        RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
    })
}

fn begin(consumer: &Voiced, follow: &Follow) -> KafkaResult<()> {
    consumer.incremental_assign(&follow.place.at(follow.from)?)
}
