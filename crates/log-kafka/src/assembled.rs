//! A batch in the making: records copied one after another into one buffer that they then share.

use bytes::Bytes;
use chimera_log::{Entry, RawBatch, RawRecord};
use rdkafka::message::{BorrowedMessage, Message};

use crate::headers::Beside;

/// Records copied into one buffer.
#[derive(Default)]
pub(crate) struct Assembled {
    bytes: Vec<u8>,
    /// Each sequence, and where its key, type, trace and value end.
    records: Vec<(u64, [usize; 4])>,
}

impl Assembled {
    /// Entries as they stand in the log, from `first` on.
    pub(crate) fn of(entries: &[Entry], first: u64) -> Self {
        let mut assembled = Self::default();
        for (sequence, entry) in (first..).zip(entries) {
            let trace = entry.traceparent.as_deref().unwrap_or_default();
            let parts = [&*entry.key, &*entry.event_type, trace].map(str::as_bytes);
            let [key, event_type, trace] = parts;
            assembled.push(sequence, [key, event_type, trace, &entry.value]);
        }
        assembled
    }

    pub(crate) fn push_message(
        &mut self,
        sequence: u64,
        message: &BorrowedMessage<'_>,
        beside: &Beside<'_>,
    ) {
        let key = message.key().unwrap_or_default();
        let value = message.payload().unwrap_or_default();
        self.push(sequence, [key, beside.event_type, beside.traceparent, value]);
    }

    fn push(&mut self, sequence: u64, parts: [&[u8]; 4]) {
        let ends = parts.map(|part| {
            self.bytes.extend_from_slice(part);
            self.bytes.len()
        });
        self.records.push((sequence, ends));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many bytes it holds.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn finish(self) -> RawBatch {
        let bytes = Bytes::from(self.bytes);
        let mut start = 0;
        let mut records = Vec::with_capacity(self.records.len());
        for (sequence, [key, event_type, traceparent, value]) in self.records {
            records.push(RawRecord {
                sequence,
                key: bytes.slice(start..key),
                event_type: bytes.slice(key..event_type),
                traceparent: bytes.slice(event_type..traceparent),
                value: bytes.slice(traceparent..value),
            });
            start = value;
        }
        RawBatch { records }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// So many entries with values of so many bytes.
    pub(crate) fn entries(count: usize, size: usize) -> Vec<Entry> {
        let entry = Entry {
            key: "k".into(),
            event_type: "t".into(),
            traceparent: None,
            value: vec![7; size],
        };
        vec![entry; count]
    }
}
