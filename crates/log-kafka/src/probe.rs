//! Looking at single places of a partition: its ends, its last record, what stands at an offset. Keeps idle consumers for
//! the next question, since connecting takes longer than asking. Never follows a tail.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::error::passes;
use crate::headers;
use crate::offsets::{self, Sequences};
use crate::voice::{Voice, Voiced};

/// Before the same question is asked once more.
const PAUSE: Duration = Duration::from_millis(5);

/// How far from its end the last record is looked for first: behind it are markers, and what the last owner could not
/// commit any more.
const FIRST_STEP: i64 = 16;

/// One Kafka partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) topic: String,
    pub(crate) index: i32,
}

impl Place {
    /// What `assign` takes.
    pub(crate) fn at(&self, offset: Offset) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&self.topic, self.index, offset)?;
        Ok(list)
    }
}

/// The last committed record of a partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) sequence: u64,
    pub(crate) term: u64,
    /// Where committed records ended when it was looked for.
    pub(crate) end: i64,
}

/// Idle consumers of one isolation.
pub(crate) struct Probes {
    config: ClientConfig,
    request: Duration,
    idle: Mutex<Vec<Voiced>>,
}

impl Probes {
    pub(crate) fn new(config: ClientConfig, request: Duration) -> Self {
        Self { config, request, idle: Mutex::default() }
    }

    /// Asks with a consumer of one's own; after an error it is not used again.
    pub(crate) fn ask<T>(
        &self,
        question: impl FnOnce(&Probe<'_>) -> KafkaResult<T>,
    ) -> KafkaResult<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let consumer = match idle {
            Some(consumer) => consumer,
            None => self.config.create_with_context(Voice)?,
        };
        let answer = question(&Probe { consumer: &consumer, request: self.request })?;
        consumer.unassign()?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(consumer);
        Ok(answer)
    }
}

/// A consumer to ask with.
pub(crate) struct Probe<'a> {
    consumer: &'a Voiced,
    request: Duration,
}

impl Probe<'_> {
    /// The first offset there is, and the one after the last that this isolation may see. Where a topic is new or its
    /// leader has just moved, Kafka refuses for a moment.
    pub(crate) fn ends(&self, place: &Place) -> KafkaResult<(i64, i64)> {
        let deadline = Instant::now() + self.request;
        loop {
            let ends = self.consumer.fetch_watermarks(&place.topic, place.index, self.request);
            match ends {
                Err(error) if passes(&error) && Instant::now() < deadline => thread::sleep(PAUSE),
                answered => return answered,
            }
        }
    }

    /// Shows every record from `offset` to the end, or until the visitor breaks.
    pub(crate) fn scan(
        &self,
        place: &Place,
        offset: i64,
        mut visit: impl FnMut(&BorrowedMessage<'_>) -> ControlFlow<()>,
    ) -> KafkaResult<()> {
        self.consumer.assign(&place.at(Offset::Offset(offset))?)?;
        let mut deadline = Instant::now() + self.request;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.consumer.poll(left) {
                None => {
                    let timed_out = RDKafkaErrorCode::OperationTimedOut;
                    return Err(KafkaError::MessageConsumption(timed_out));
                }
                Some(Ok(message)) => {
                    if visit(&message).is_break() {
                        return Ok(());
                    }
                    deadline = Instant::now() + self.request;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
                Some(Err(error)) if passes(&error) && !left.is_zero() => {}
                Some(Err(error)) => return Err(error),
            }
        }
    }

    /// Where the first record after `sequence` stands, or will stand at the earliest.
    pub(crate) fn offset_after(&self, place: &Place, sequence: u64) -> KafkaResult<i64> {
        let ends = self.ends(place)?;
        let sequences = SequencesOf { probe: self, place };
        let near = offsets::search(&sequences, sequence + 1, ends)?;
        let mut found = ends.1;
        self.scan(place, near, |message| {
            let is_next = headers::of(message).sequence.is_some_and(|next| next > sequence);
            if is_next {
                found = message.offset();
            }
            go_on(!is_next)
        })?;
        Ok(found)
    }

    /// The last record.
    pub(crate) fn last(&self, place: &Place) -> KafkaResult<Last> {
        self.last_within(place, self.ends(place)?)
    }

    /// The last record between two ends; the steps back grow, for markers and aborted records may be many.
    pub(crate) fn last_within(&self, place: &Place, (low, end): (i64, i64)) -> KafkaResult<Last> {
        let mut step = FIRST_STEP;
        loop {
            let from = (end - step).max(low);
            let mut last = None;
            if from < end {
                self.scan(place, from, |message| {
                    if message.offset() < end {
                        let beside = headers::of(message);
                        last = beside.sequence.map(|sequence| (sequence, beside.term));
                    }
                    go_on(message.offset() + 1 < end)
                })?;
            }
            if let Some((sequence, term)) = last {
                return Ok(Last { sequence, term: term.unwrap_or(0), end });
            }
            if from == low {
                return Ok(Last { end, ..Last::default() });
            }
            step *= 8;
        }
    }
}

/// Answers a search for a sequence in one partition.
pub(crate) struct SequencesOf<'a> {
    pub(crate) probe: &'a Probe<'a>,
    pub(crate) place: &'a Place,
}

impl Sequences for SequencesOf<'_> {
    type Error = KafkaError;

    fn at_or_after(&self, offset: i64) -> KafkaResult<Option<u64>> {
        let mut found = None;
        self.probe.scan(self.place, offset, |message| {
            found = headers::of(message).sequence;
            go_on(found.is_none())
        })?;
        Ok(found)
    }
}

pub(crate) fn go_on(more: bool) -> ControlFlow<()> {
    if more { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}
