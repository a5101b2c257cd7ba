//! The thread that follows the tails of many partitions with one consumer. Takes what writers elsewhere have committed, and
//! looks at what comes from this process too: nobody but a writer may write.
//!
//! Never gives records on that do not follow one another.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};

use crate::assembled::Assembled;
use crate::headers;
use crate::probe::Place;
use crate::tail::Tail;
use crate::voice::Voiced;

/// How long a newly asked-for partition may wait until it is followed.
const LOOK: Duration = Duration::from_millis(50);
/// Records are given on after so many bytes, or when nothing more is there.
const GATHERED: usize = 256 * 1024;

/// A tail to follow.
pub(crate) struct Follow {
    pub(crate) place: Place,
    pub(crate) from: i64,
    pub(crate) tail: Arc<Tail>,
}

/// How far one tail is followed.
struct Followed {
    tail: Arc<Tail>,
    /// The sequence of the last record; 0 before the first.
    last: u64,
    gathered: Assembled,
    /// Something of it is gathered or noted, and not given on yet.
    has_news: bool,
}

type ByPlace = HashMap<String, HashMap<i32, Followed>>;

/// Until the log is dropped.
pub(crate) fn follow_all(consumer: &Voiced, asked: &Receiver<Follow>) {
    let mut followed = ByPlace::new();
    loop {
        match next(asked, followed.is_empty()) {
            Ok(follow) => {
                begin(consumer, &mut followed, follow);
                continue;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return,
        }
        gather(consumer, &mut followed);
        for one in followed.values_mut().flat_map(HashMap::values_mut) {
            one.give_on();
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

fn begin(consumer: &Voiced, followed: &mut ByPlace, follow: Follow) {
    let Follow { place, from, tail } = follow;
    let assigned: KafkaResult<()> =
        place.at(Offset::Offset(from)).and_then(|at| consumer.incremental_assign(&at));
    if let Err(error) = assigned {
        tracing::error!(topic = place.topic, %error, "a tail is not followed");
    }
    let one = Followed { tail, last: 0, gathered: Assembled::default(), has_news: false };
    followed.entry(place.topic).or_default().insert(place.index, one);
}

/// Waits a moment for a first record, then takes what is there already.
fn gather(consumer: &Voiced, followed: &mut ByPlace) {
    let (mut wait, mut bytes) = (LOOK, 0);
    while let Some(polled) = consumer.poll(wait) {
        match polled {
            Ok(message) => {
                wait = Duration::ZERO;
                bytes += message.payload_len();
                let of_topic = followed.get_mut(message.topic());
                if let Some(one) = of_topic.and_then(|of| of.get_mut(&message.partition())) {
                    one.take(&message);
                }
            }
            Err(KafkaError::PartitionEOF(_)) => {}
            Err(error) => tracing::warn!(%error, "following tails waits for Kafka"),
        }
        if bytes >= GATHERED {
            break;
        }
    }
}

impl Followed {
    fn take(&mut self, message: &BorrowedMessage<'_>) {
        let beside = headers::of(message);
        let follows = |sequence| self.last == 0 || sequence == self.last + 1;
        let Some(sequence) = beside.sequence.filter(|sequence| follows(*sequence)) else {
            return self.break_off(message, beside.sequence);
        };
        self.last = sequence;
        self.has_news = true;
        self.tail.seen(sequence, message.offset());
        if self.tail.wants(sequence) {
            self.gathered.push_message(sequence, message, &beside);
        }
    }

    /// Readers will find what is wrong, each for himself.
    fn break_off(&mut self, message: &BorrowedMessage<'_>, found: Option<u64>) {
        if self.tail.give_up() {
            let (topic, offset) = (message.topic(), message.offset());
            tracing::error!(topic, offset, ?found, after = self.last, "the record does not follow");
        }
        self.gathered = Assembled::default();
        if let Some(sequence) = found {
            self.last = sequence;
            self.has_news = true;
        }
    }

    fn give_on(&mut self) {
        if std::mem::take(&mut self.has_news) {
            self.tail.found(std::mem::take(&mut self.gathered), self.last);
        }
    }
}
