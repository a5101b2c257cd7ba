//! One transactional producer: a transaction from begin to commit, and what its failures mean. Never says that nothing
//! was written unless that is certain.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext};

use crate::error::is_fence;
use crate::poller::Poller;
use crate::probe::Place;

/// Before the same call is made once more.
const PAUSE: Duration = Duration::from_millis(5);

/// How long the brokers may take to answer a producer that has not fenced anybody yet.
const CONNECT: Duration = Duration::from_secs(2);

/// Before a transactional id that Kafka has not given yet is asked for again; doubles.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Before librdkafka sends a request again whose connection was lost; it waits a fifth less or more, never below 400 ms.
pub(crate) const RESENT_AFTER_MS: u32 = 500;

/// A commit that took less time than this was asked for once.
const ASKED_ONCE: Duration = Duration::from_millis(350);

/// How much later than due librdkafka may report.
const GRACE: Duration = Duration::from_secs(2);

/// A record on its way.
pub(crate) type Outgoing<'a> = BaseRecord<'a, [u8], [u8]>;

/// Why a transaction did not end as it should. The producer is of no use afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A newer producer has the transactional id, and nothing of this transaction was committed.
    Fenced,
    /// A newer producer has the transactional id, and this transaction may have been committed before or not.
    FencedInCommit(String),
    /// It may have been committed or not.
    Unknown(String),
}

/// A producer with one transactional id and a thread that polls it.
pub(crate) struct Transactional {
    producer: Arc<BaseProducer<Deliveries>>,
    poller: Poller,
    is_spent: AtomicBool,
}

impl Transactional {
    pub(crate) fn create(config: &ClientConfig) -> KafkaResult<Self> {
        let producer: BaseProducer<Deliveries> =
            config.create_with_context(Deliveries::default())?;
        let producer = Arc::new(producer);
        let poller = Poller::start(Arc::clone(&producer));
        let poller = poller.map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self { producer, poller, is_spent: AtomicBool::new(false) })
    }

    /// Whether a commit may have been asked for twice, of which one request may still be under way. It would commit whatever
    /// is open when it arrives, for it carries nothing but the producer's id and epoch (until librdkafka has KIP-890, part 2):
    /// a half of the next transaction. Only a new epoch, by a new claim, is safe from it.
    pub(crate) fn is_spent(&self) -> bool {
        self.is_spent.load(Ordering::Relaxed)
    }

    /// Connects to those who lead what it will write, so that its first transactions need not.
    pub(crate) fn connect(&self, places: [&Place; 2]) {
        for Place { topic, index } in places {
            let asked = self.producer.client().fetch_watermarks(topic, *index, CONNECT);
            if let Err(error) = asked {
                // Whoever uses the producer hears of it where it matters.
                tracing::debug!(topic, index, %error, "a producer is not connected yet");
            }
        }
    }

    /// Fences every older producer of the same id and ends what it left open.
    ///
    /// Kafka refuses for as long as it ends what the older producer left open, a few milliseconds; librdkafka then asks again
    /// after half a second, or at once if this call is made again. It never has two such requests under way.
    pub(crate) fn init(&self, deadline: Instant) -> KafkaResult<()> {
        let mut wait = FIRST_WAIT;
        retrying(deadline, || {
            let most = left(deadline).min(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
            self.producer.init_transactions(most)
        })
    }

    /// Sends the records in one transaction and commits it. The records must be all of a topic that exists.
    pub(crate) fn transact<'a>(
        &self,
        records: impl ExactSizeIterator<Item = Outgoing<'a>>,
        patience: Duration,
    ) -> Result<(), Failure> {
        self.producer.begin_transaction().map_err(|error| self.uncommitted(&error))?;
        self.deliveries().expect(records.len());
        self.poller.wake();
        for record in records {
            self.producer.send(record).map_err(|(error, _)| self.uncommitted(&error))?;
        }
        // librdkafka gives a record up after `patience` and reports it within a second or so.
        let deadline = Instant::now() + patience + GRACE;
        let delivered = self.deliveries().wait(deadline);
        // The reports come before librdkafka counts down; a commit in between would sleep 100 ms.
        while self.producer.in_flight_count() > 0 && Instant::now() < deadline {
            thread::yield_now();
        }
        match delivered {
            Delivered::All => self.commit(Instant::now() + patience),
            Delivered::NotAll(code) => Err(self.undelivered(code)),
            Delivered::Unknown => Err(Failure::Unknown("no answer came in time".to_owned())),
        }
    }

    /// In doubt the same commit may be called again; it takes effect once. A fence met here says nothing about what a
    /// call before it has done.
    fn commit(&self, deadline: Instant) -> Result<(), Failure> {
        let begun = Instant::now();
        let committed = retrying(deadline, || self.producer.commit_transaction(left(deadline)));
        if begun.elapsed() >= ASKED_ONCE {
            self.is_spent.store(true, Ordering::Relaxed);
        }
        committed.map_err(|error| {
            let reason = format!("the commit: {error}");
            if self.is_fenced(&error) {
                return Failure::FencedInCommit(reason);
            }
            Failure::Unknown(reason)
        })
    }

    /// librdkafka refuses to commit where a record was not delivered; asking tells whether a fence was the cause.
    fn undelivered(&self, code: RDKafkaErrorCode) -> Failure {
        match self.producer.commit_transaction(GRACE) {
            Err(error) if self.is_fenced(&error) => Failure::Fenced,
            _ => Failure::Unknown(format!("a record was not delivered: {code}")),
        }
    }

    /// Of an error before any commit was asked for.
    fn uncommitted(&self, error: &KafkaError) -> Failure {
        if self.is_fenced(error) {
            return Failure::Fenced;
        }
        Failure::Unknown(error.to_string())
    }

    fn is_fenced(&self, error: &KafkaError) -> bool {
        let code = error.rdkafka_error_code();
        let fatal = self.producer.client().fatal_error();
        code.is_some_and(is_fence) || fatal.is_some_and(|(code, _)| is_fence(code))
    }

    fn deliveries(&self) -> &Deliveries {
        self.producer.client().context()
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(PAUSE)
}

/// Calls until it succeeds, fails for good, or the time is over.
fn retrying(deadline: Instant, mut call: impl FnMut() -> KafkaResult<()>) -> KafkaResult<()> {
    loop {
        match call() {
            Err(KafkaError::Transaction(error))
                if error.is_retriable() && Instant::now() < deadline =>
            {
                thread::sleep(PAUSE);
            }
            ended => return ended,
        }
    }
}

/// Counts the records of the running transaction that have no delivery report yet. A report comes for each record; only
/// the last one wakes whoever waits.
#[derive(Default)]
struct Deliveries {
    outstanding: AtomicUsize,
    state: Mutex<State>,
    settled: Condvar,
}

/// What became of the records of a transaction.
enum Delivered {
    All,
    /// At least this one is not in the log, so that the transaction can only be aborted.
    NotAll(RDKafkaErrorCode),
    Unknown,
}

#[derive(Default)]
struct State {
    all: bool,
    failed: Option<RDKafkaErrorCode>,
}

impl Deliveries {
    /// So many records will be sent. Nothing is outstanding from before: a producer that failed is not used again.
    fn expect(&self, records: usize) {
        *self.state() = State { all: records == 0, failed: None };
        self.outstanding.store(records, Ordering::SeqCst);
    }

    fn settle(&self, failed: Option<RDKafkaErrorCode>) {
        if failed.is_some() {
            let mut state = self.state();
            state.failed = state.failed.or(failed);
        }
        if self.outstanding.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.state().all = true;
            self.settled.notify_all();
        }
    }

    /// Until every record is settled.
    fn wait(&self, deadline: Instant) -> Delivered {
        let mut state = self.state();
        while !state.all {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Delivered::Unknown;
            }
            let waited = self.settled.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.failed.map_or(Delivered::All, Delivered::NotAll)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let failed = result
            .as_ref()
            .err()
            .map(|(error, _)| error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown));
        self.settle(failed);
    }
}
