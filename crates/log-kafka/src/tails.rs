//! The tails of all partitions that somebody asked for, and the thread that follows them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use chimera_log::Partition;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, KafkaResult};

use crate::follower::{Follow, follow_all};
use crate::probe::{Last, Place};
use crate::tail::Tail;
use crate::voice::{Voice, Voiced};

pub(crate) struct Tails {
    config: ClientConfig,
    all: Mutex<HashMap<Partition, Arc<Tail>>>,
    followed: Mutex<Followed>,
}

#[derive(Default)]
struct Followed {
    partitions: HashSet<Partition>,
    thread: Option<mpsc::Sender<Follow>>,
}

impl Tails {
    pub(crate) fn new(mut config: ClientConfig) -> Self {
        // At the tail there is little to fetch; many partitions share this.
        config.set("fetch.message.max.bytes", "1048576");
        config.set("queued.min.messages", "1000");
        Self { config, all: Mutex::default(), followed: Mutex::default() }
    }

    /// The tail of a partition, followed or not.
    pub(crate) fn of(&self, partition: &Partition) -> Arc<Tail> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(partition.clone()).or_insert_with(|| Arc::new(Tail::new())))
    }

    /// The tail of a partition, which is followed from now on. `look` finds its last record, and is only called for one that
    /// is not followed yet.
    pub(crate) fn followed(
        &self,
        partition: &Partition,
        place: &Place,
        look: impl FnOnce() -> KafkaResult<Last>,
    ) -> KafkaResult<Arc<Tail>> {
        let tail = self.of(partition);
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if !followed.partitions.contains(partition) {
            let last = look()?;
            tail.begin(&last);
            let follow = Follow { place: place.clone(), from: last.end, tail: Arc::clone(&tail) };
            self.follow(&mut followed, follow)?;
            followed.partitions.insert(partition.clone());
        }
        Ok(tail)
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
}
