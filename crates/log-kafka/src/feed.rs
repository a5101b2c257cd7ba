//! The thread behind a reader: finds where to begin, consumes what is committed, checks that no sequence is missing, and
//! hands over batches. Holds no more than a batch or two and what librdkafka may queue; ends when nobody takes them.

use std::sync::Arc;
use std::time::Duration;

use chimera_log::{Partition, RawBatch, ReadError};
use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use tokio::sync::mpsc::Sender;

use crate::assembled::Assembled;
use crate::cluster::Cluster;
use crate::config;
use crate::error::{passes, unread};
use crate::headers;
use crate::offsets;
use crate::probe::{Place, SequencesOf};
use crate::voice::{Voice, Voiced};

/// A batch is handed over when it has this many bytes, or when nothing more is there.
const BATCH: usize = 256 * 1024;
/// How often an idle thread looks whether its reader is still there.
const LOOK: Duration = Duration::from_millis(100);

/// What a reader is told.
pub(crate) type Told = Result<RawBatch, ReadError>;

/// What a feed reads, and up to where it has come.
pub(crate) struct Feed {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) partition: Partition,
    pub(crate) place: Place,
    /// The sequence that comes next.
    pub(crate) next: u64,
    /// Whether no record has been taken yet.
    pub(crate) is_skipping: bool,
}

impl Feed {
    /// Until the reader is gone or something is wrong; the last thing told is what.
    pub(crate) fn run(mut self, reader: &Sender<Told>) {
        let consumer = match self.begin() {
            Ok(consumer) => consumer,
            Err(error) => return tell(reader, Err(unread(&self.partition, &error))),
        };
        while !reader.is_closed() {
            let mut assembled = Assembled::default();
            let read = self.fill(&consumer, &mut assembled);
            // What came before an error is sound.
            if !assembled.is_empty() {
                tell(reader, Ok(assembled.finish()));
            }
            if let Err(error) = read {
                return tell(reader, Err(error));
            }
        }
    }

    fn begin(&self) -> KafkaResult<Voiced> {
        let start = self.cluster.committed.ask(|probe| {
            let ends = probe.ends(&self.place)?;
            let sequences = SequencesOf { probe, place: &self.place };
            offsets::search(&sequences, self.next, ends)
        })?;
        let consumer: Voiced = config::reader(&self.cluster.settings).create_with_context(Voice)?;
        consumer.assign(&self.place.at(Offset::Offset(start))?)?;
        Ok(consumer)
    }

    /// Waits a moment for a first record, then takes what is there already.
    fn fill(&mut self, consumer: &Voiced, assembled: &mut Assembled) -> Result<(), ReadError> {
        let mut wait = LOOK;
        while let Some(polled) = consumer.poll(wait) {
            match polled {
                Ok(message) => self.take(&message, assembled)?,
                Err(KafkaError::PartitionEOF(_)) => {}
                Err(error) if passes(&error) => {
                    tracing::warn!(partition = %self.partition, %error, "reading waits for Kafka");
                }
                Err(error) => return Err(unread(&self.partition, &error)),
            }
            if assembled.size() >= BATCH {
                break;
            }
            if !assembled.is_empty() {
                wait = Duration::ZERO;
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        message: &BorrowedMessage<'_>,
        assembled: &mut Assembled,
    ) -> Result<(), ReadError> {
        let beside = headers::of(message);
        // The search ends a little before the first record that is wanted.
        if self.is_skipping && beside.sequence.is_some_and(|found| found < self.next) {
            return Ok(());
        }
        if beside.sequence != Some(self.next) {
            return Err(self.corrupt(message, beside.sequence));
        }
        assembled.push_message(self.next, message, &beside);
        self.is_skipping = false;
        self.next += 1;
        Ok(())
    }

    fn corrupt(&self, message: &BorrowedMessage<'_>, found: Option<u64>) -> ReadError {
        let reason = match found {
            Some(found) => format!("expected sequence {} and found {found}", self.next),
            None => "the record has no header `sequence`; something else wrote it".to_owned(),
        };
        ReadError::Corrupt {
            partition: self.partition.clone(),
            sequence: self.next,
            place: format!("topic {}, offset {}", self.place.topic, message.offset()),
            reason,
        }
    }
}

/// An error means that the reader is gone, which the loop sees next.
fn tell(reader: &Sender<Told>, told: Told) {
    let _ = reader.blocking_send(told);
}
