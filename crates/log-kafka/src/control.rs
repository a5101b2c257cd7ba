//! The control log on Kafka: the compacted topic `chimera.control`, whose key is what was decided on and whose value is the last word.
//!
//! One thread follows it for as long as it is open. A decision is a transaction under one transactional id, so that of two at once
//! the later fences the earlier, and each has seen all before it. Never decides on what it has not read to the end.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chimera_log::{Control, ControlError, Controls, Decision};
use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use tokio::sync::watch;

use crate::cluster::Cluster;
use crate::config;
use crate::probe::{Place, go_on};
use crate::producer::{Failure, Outgoing, Transactional};
use crate::voice::{Voice, Voiced};

/// The topic's name, after the prefix.
pub(crate) const CONTROL: &str = "chimera.control";

/// How long the end of the log may wait until the thread notices.
const LOOK: Duration = Duration::from_millis(100);
/// In bytes; every Kafka takes so much. What is decided is a line.
const LONGEST_WORD: usize = 1_000_000;
/// Between two looks at what must come soon.
const PAUSE: Duration = Duration::from_millis(2);

/// What is decided, by the topic.
pub struct KafkaControl {
    cluster: Arc<Cluster>,
    place: Place,
    followed: Arc<Followed>,
    /// Two decisions of one process would fence each other for nothing.
    deciding: Mutex<()>,
}

/// How far the topic has been followed.
struct Followed {
    known: watch::Sender<Arc<Controls>>,
    /// The offset after the last record that `known` has.
    upto: AtomicI64,
    ended: AtomicBool,
}

/// The topic up to its end.
#[derive(Default)]
struct Held {
    controls: Controls,
    /// The offset after the last record; that of the first where there is none.
    upto: i64,
}

impl KafkaControl {
    /// Reads the topic, which must exist, and follows it.
    pub(crate) fn follow(cluster: &Arc<Cluster>) -> KafkaResult<Self> {
        let place = Place { topic: cluster.settings.topic(CONTROL), index: 0 };
        let held = held(cluster, &place)?;
        let consumer: Voiced = config::reader(&cluster.settings).create_with_context(Voice)?;
        consumer.assign(&place.at(Offset::Offset(held.upto))?)?;
        let followed = Arc::new(Followed {
            known: watch::Sender::new(Arc::new(held.controls)),
            upto: AtomicI64::new(held.upto),
            ended: AtomicBool::new(false),
        });
        let noting = Arc::clone(&followed);
        let named = thread::Builder::new().name("control".to_owned());
        let started = named.spawn(move || noting.follow(&consumer));
        started.map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self { cluster: Arc::clone(cluster), place, followed, deciding: Mutex::default() })
    }

    /// Fences whoever decides meanwhile, looks at what holds, and writes.
    fn write(&self, decision: &Decision, deadline: Instant) -> Result<(), ControlError> {
        let unavailable = |error: KafkaError| ControlError::Unavailable(error.to_string());
        let producer = self.fencing(deadline).map_err(unavailable)?;
        let held = self.settled(deadline).map_err(unavailable)?;
        decision.follows(&held.controls)?;
        let mark = mark();
        let record = std::iter::once(record(&self.place, decision, &mark));
        match producer.transact(record, self.cluster.settings.deadlines.append) {
            Ok(()) => Ok(()),
            Err(Failure::Fenced) => Err(ControlError::Overtaken(decision.key.clone())),
            Err(Failure::FencedInCommit(reason) | Failure::Unknown(reason)) => {
                match self.has_landed(&mark, held.upto, deadline) {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(ControlError::Overtaken(decision.key.clone())),
                    Err(error) => Err(ControlError::Indeterminate(format!("{reason}; {error}"))),
                }
            }
        }
    }

    /// A producer that has fenced every other one, whose open transaction is ended with that.
    fn fencing(&self, deadline: Instant) -> KafkaResult<Transactional> {
        let settings = &self.cluster.settings;
        let id = format!("{}.{}", settings.cluster, self.place.topic);
        let producer = Transactional::create(&config::producer(settings, &id, LONGEST_WORD))?;
        producer.connect([&self.place, &self.place]);
        producer.init(deadline)?;
        Ok(producer)
    }

    /// Whether the record with this mark was committed after all, once nothing more can come of it.
    fn has_landed(&self, mark: &str, from: i64, deadline: Instant) -> KafkaResult<bool> {
        self.fencing(deadline)?;
        self.settled(deadline)?;
        self.cluster.committed.ask(|probe| {
            let (low, end) = probe.ends(&self.place)?;
            let (from, mut landed) = (from.max(low), false);
            if from < end {
                probe.scan(&self.place, from, |message| {
                    landed |= mark_of(message) == Some(mark);
                    go_on(!landed && message.offset() + 1 < end)
                })?;
            }
            Ok(landed)
        })
    }

    /// What holds, once everything that was in the topic has been decided on.
    fn settled(&self, deadline: Instant) -> KafkaResult<Held> {
        let (_, high) = self.cluster.uncommitted.ask(|probe| probe.ends(&self.place))?;
        while self.cluster.committed.ask(|probe| probe.ends(&self.place))?.1 < high {
            if Instant::now() >= deadline {
                return Err(KafkaError::Canceled);
            }
            thread::sleep(PAUSE);
        }
        held(&self.cluster, &self.place)
    }

    /// Waits until what was decided here is known here.
    fn see(&self, deadline: Instant) -> KafkaResult<()> {
        let held = held(&self.cluster, &self.place)?;
        while self.followed.upto.load(Ordering::Acquire) < held.upto {
            if Instant::now() >= deadline {
                return Err(KafkaError::Canceled);
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Control for KafkaControl {
    fn known(&self) -> watch::Receiver<Arc<Controls>> {
        self.followed.known.subscribe()
    }

    fn decide(&self, decision: &Decision) -> Result<(), ControlError> {
        let _one_after_the_other = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + self.cluster.settings.deadlines.claim;
        self.write(decision, deadline)?;
        self.see(deadline).map_err(|error| {
            ControlError::Indeterminate(format!("it was written, and cannot be read yet ({error})"))
        })
    }
}

impl Drop for KafkaControl {
    fn drop(&mut self) {
        self.followed.ended.store(true, Ordering::Release);
    }
}

impl Followed {
    fn follow(&self, consumer: &Voiced) {
        while !self.ended.load(Ordering::Acquire) {
            match consumer.poll(LOOK) {
                Some(Ok(message)) => self.note(&message),
                None | Some(Err(KafkaError::PartitionEOF(_))) => {}
                Some(Err(error)) => tracing::warn!(%error, "the control topic cannot be read now"),
            }
        }
    }

    fn note(&self, message: &BorrowedMessage<'_>) {
        if let Some(decision) = decision_of(message) {
            self.known.send_if_modified(|known| decision.apply(Arc::make_mut(known)));
        }
        self.upto.store(message.offset() + 1, Ordering::Release);
    }
}

/// All that is committed now.
fn held(cluster: &Cluster, place: &Place) -> KafkaResult<Held> {
    cluster.committed.ask(|probe| {
        let (low, end) = probe.ends(place)?;
        let mut held = Held { upto: low, ..Held::default() };
        if low < end {
            probe.scan(place, low, |message| {
                if let Some(decision) = decision_of(message) {
                    decision.apply(&mut held.controls);
                }
                held.upto = message.offset() + 1;
                go_on(message.offset() + 1 < end)
            })?;
        }
        Ok(held)
    })
}

/// What a record says; none of what is not text, which nobody of ours has written.
fn decision_of(message: &BorrowedMessage<'_>) -> Option<Decision> {
    let key = std::str::from_utf8(message.key()?).ok()?.into();
    let word = match message.payload() {
        Some(word) => Some(std::str::from_utf8(word).ok()?.into()),
        None => None,
    };
    Some(Decision { key, known: None, word })
}

/// In the headers: which attempt has written it, so that one whose commit is in doubt finds its own.
const MARK: &str = "decision";

fn mark_of<'a>(message: &'a BorrowedMessage<'_>) -> Option<&'a str> {
    let headers = message.headers()?;
    let mut marks = headers.iter().filter(|header| header.key == MARK);
    std::str::from_utf8(marks.next()?.value?).ok()
}

/// The standard library's hashers begin at random.
fn mark() -> String {
    let [one, other] = [(); 2].map(|()| RandomState::new().build_hasher().finish());
    format!("{one:016x}{other:016x}")
}

fn record<'a>(place: &'a Place, decision: &'a Decision, mark: &str) -> Outgoing<'a> {
    let headers = OwnedHeaders::new().insert(Header { key: MARK, value: Some(mark) });
    let record = BaseRecord::to(&place.topic).partition(place.index).key(decision.key.as_bytes());
    let record = record.headers(headers);
    match &decision.word {
        Some(word) => record.payload(word.as_bytes()),
        None => record,
    }
}
