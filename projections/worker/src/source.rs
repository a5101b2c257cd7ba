//! The records of one partition in batches that suit a store. Never loses one that it has read, even if a wait is dropped.

use std::sync::Arc;

use chimera_log::{EventLog, Partition, RawRecord, ReadError, Reader};

use crate::feeder::Limits;
use crate::pace::Pace;

/// Reads one partition.
pub(crate) struct Source {
    log: Arc<dyn EventLog>,
    partition: Partition,
    limits: Limits,
    pace: Option<Arc<Pace>>,
    /// The last sequence that is wanted; none where the end is not known.
    upto: Option<u64>,
    reader: Option<Box<dyn Reader>>,
    /// Read, and not given out yet.
    pending: Vec<RawRecord>,
}

impl Source {
    pub(crate) fn new(log: Arc<dyn EventLog>, partition: Partition, limits: Limits) -> Self {
        Self { log, partition, limits, pace: None, upto: None, reader: None, pending: vec![] }
    }

    /// The same, not faster than this.
    pub(crate) fn paced(self, pace: Option<Arc<Pace>>) -> Self {
        Self { pace, ..self }
    }

    /// The same for a leg that ends: batches are filled to the limits as long as more is to come, for every batch costs a store a
    /// round of its own.
    pub(crate) fn upto(self, upto: Option<u64>) -> Self {
        Self { upto, ..self }
    }

    /// Gives up what was read ahead; the next records may be any.
    pub(crate) fn restart(&mut self) {
        (self.reader, self.pending) = (None, vec![]);
    }

    /// The records from `from` on, within the limits: waits for the first, and for all that are known to come; then takes what is
    /// there already.
    pub(crate) async fn next(&mut self, from: u64) -> Result<Vec<RawRecord>, ReadError> {
        if let Some(pace) = &self.pace {
            pace.wait().await;
        }
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => self.reader.insert(self.log.read(&self.partition, from)?),
        };
        if self.pending.is_empty() {
            self.pending = reader.next().await?.records;
        }
        let mut bytes = bytes_of(&self.pending);
        while self.pending.len() < self.limits.events && bytes < self.limits.bytes {
            let last = self.pending.last().map_or(0, |record| record.sequence);
            let more = if self.upto.is_some_and(|upto| last < upto) {
                reader.next().await
            } else {
                tokio::select! {
                    biased;
                    more = reader.next() => more,
                    () = std::future::ready(()) => break,
                }
            };
            // An error comes again at the next call, when these records are safe.
            let Ok(more) = more else { break };
            bytes += bytes_of(&more.records);
            self.pending.extend(more.records);
        }
        self.in_sequence(from)?;
        let most = self.limits.events.clamp(1, self.pending.len());
        let later = self.pending.split_off(most);
        if let Some(pace) = &self.pace {
            pace.take(most);
        }
        Ok(std::mem::replace(&mut self.pending, later))
    }

    /// A gap would be events skipped silently.
    fn in_sequence(&self, from: u64) -> Result<(), ReadError> {
        let found = self.pending.first().map_or(0, |record| record.sequence);
        if found == from {
            return Ok(());
        }
        Err(ReadError::Corrupt {
            partition: self.partition.clone(),
            sequence: from,
            place: "its reader".to_owned(),
            reason: format!("sequence {found} came instead"),
        })
    }
}

fn bytes_of(records: &[RawRecord]) -> usize {
    records.iter().map(|record| record.key.len() + record.value.len()).sum()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chimera_log::{Batch, Entry, MemoryLog, StreamSpec};
    use tokio::time::timeout;

    use super::*;

    const STREAM: &str = "orders";

    fn partition() -> Partition {
        Partition::new(STREAM, 0)
    }

    fn log() -> Arc<MemoryLog> {
        let log = MemoryLog::new();
        log.ensure_streams(&[StreamSpec { name: STREAM.into(), partitions: 1 }]).unwrap();
        Arc::new(log)
    }

    fn append(log: &MemoryLog, events: usize) {
        let entry =
            Entry { key: "k".into(), event_type: "t".into(), traceparent: None, value: vec![1] };
        let mut batch = Batch::default();
        batch.push_command(vec![entry; events]);
        log.claim(&partition()).unwrap().append(batch).unwrap();
    }

    fn source(log: &Arc<MemoryLog>, upto: Option<u64>) -> Source {
        let limits = Limits { events: 5, ..Limits::REBUILD };
        Source::new(log.clone(), partition(), limits).upto(upto)
    }

    #[tokio::test]
    async fn what_follows_the_tail_takes_what_is_there() {
        let log = log();
        append(&log, 3);
        assert_eq!(source(&log, None).next(1).await.unwrap().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_to_come_is_waited_for_and_nothing_beyond() {
        let log = log();
        append(&log, 3);
        let mut source = source(&log, Some(7));
        let waited = timeout(Duration::from_secs(1), source.next(1)).await;
        assert!(waited.is_err(), "two more fit");
        append(&log, 4);
        assert_eq!(source.next(1).await.unwrap().len(), 5, "what was read before is not lost");
        assert_eq!(source.next(6).await.unwrap().len(), 2);
    }
}
