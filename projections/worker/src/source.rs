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
    reader: Option<Box<dyn Reader>>,
    /// Read, and not given out yet.
    pending: Vec<RawRecord>,
}

impl Source {
    pub(crate) fn new(log: Arc<dyn EventLog>, partition: Partition, limits: Limits) -> Self {
        Self { log, partition, limits, pace: None, reader: None, pending: vec![] }
    }

    /// The same, not faster than this.
    pub(crate) fn paced(self, pace: Option<Arc<Pace>>) -> Self {
        Self { pace, ..self }
    }

    /// Gives up what was read ahead; the next records may be any.
    pub(crate) fn restart(&mut self) {
        (self.reader, self.pending) = (None, vec![]);
    }

    /// The records from `from` on: waits for the first, then takes what is there already, within the limits.
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
            let more = tokio::select! {
                biased;
                more = reader.next() => more,
                () = std::future::ready(()) => break,
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
