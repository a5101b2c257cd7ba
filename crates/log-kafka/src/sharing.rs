//! The groups in which this process takes part: one thread that hears what they decide, one that commits how far the work has
//! come. The second may have to ask Kafka, and must not hold up the first.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use chimera_log::{Ownership, Partition, Share};
use rdkafka::error::{KafkaError, KafkaResult};
use tokio::sync::watch;

use crate::cluster::Cluster;
use crate::part::Part;
use crate::settings::Membership;

/// How long a decision of a group may wait to be heard.
const LOOK: Duration = Duration::from_millis(20);
/// How often is committed how far the work has come.
const COMMIT_EVERY: Duration = Duration::from_secs(1);
/// How long one who leaves waits until the group knows.
const GOODBYE: Duration = Duration::from_secs(2);

type Parts = Arc<Mutex<Vec<Arc<Part>>>>;

/// The parts that this process has in groups.
#[derive(Default)]
pub(crate) struct Sharing {
    parts: Parts,
    threads: Mutex<Option<Arc<Threads>>>,
}

/// Both end when the log and every share are dropped.
struct Threads {
    _polling: Sender<()>,
    _committing: Sender<()>,
}

impl Sharing {
    pub(crate) fn join(
        &self,
        cluster: &Arc<Cluster>,
        membership: &Membership,
        group: &str,
        topics: &[String],
    ) -> KafkaResult<Arc<dyn Share>> {
        let threads = self.threads()?;
        let part = Arc::new(Part::join(cluster, membership, group, topics)?);
        locked(&self.parts).push(Arc::clone(&part));
        Ok(Arc::new(KafkaShare { part, parts: Arc::clone(&self.parts), _threads: threads }))
    }

    fn threads(&self) -> KafkaResult<Arc<Threads>> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = &*threads {
            return Ok(Arc::clone(started));
        }
        let polling = start("shares", &self.parts, LOOK, Part::poll)?;
        let committing = start("shares' offsets", &self.parts, COMMIT_EVERY, Part::commit)?;
        let started = Arc::new(Threads { _polling: polling, _committing: committing });
        Ok(Arc::clone(threads.insert(started)))
    }
}

/// A thread that does the same with each part, `every` so often, until what it returns is dropped.
fn start(name: &str, parts: &Parts, every: Duration, each: fn(&Part)) -> KafkaResult<Sender<()>> {
    let (alive, ended) = mpsc::channel();
    let parts = Arc::clone(parts);
    let named = thread::Builder::new().name(name.to_owned());
    let started = named.spawn(move || repeat(&ended, &parts, every, each));
    started.map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
    Ok(alive)
}

fn repeat(ended: &Receiver<()>, parts: &Parts, every: Duration, each: fn(&Part)) {
    while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
        let present = locked(parts).clone();
        for part in present {
            each(&part);
        }
    }
}

fn locked(parts: &Parts) -> MutexGuard<'_, Vec<Arc<Part>>> {
    parts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kafka's [`Share`].
struct KafkaShare {
    part: Arc<Part>,
    parts: Parts,
    _threads: Arc<Threads>,
}

impl KafkaShare {
    /// Leaves on a thread of its own; tells when it has. None if it has left before.
    fn part_with(&self) -> Option<Receiver<()>> {
        let mut parts = locked(&self.parts);
        let index = parts.iter().position(|part| Arc::ptr_eq(part, &self.part))?;
        let part = parts.swap_remove(index);
        drop(parts);
        let (told, left) = mpsc::sync_channel(1);
        let named = thread::Builder::new().name("leave a share".to_owned());
        let leaving = named.spawn(move || {
            part.leave();
            let _ = told.send(());
        });
        leaving.is_ok().then_some(left)
    }
}

impl Share for KafkaShare {
    fn given(&self) -> watch::Receiver<Option<Ownership>> {
        self.part.given()
    }

    fn applied(&self, partition: &Partition, sequence: u64) {
        self.part.note(partition, sequence);
    }

    fn leave(&self) {
        if let Some(left) = self.part_with() {
            // One who cannot leave is missed after its session.
            let _ = left.recv_timeout(GOODBYE);
        }
    }
}

impl Drop for KafkaShare {
    fn drop(&mut self) {
        self.part_with();
    }
}
