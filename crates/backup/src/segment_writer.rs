//! Makes a segment: takes records as they come, compresses them at once, and so never holds them as they were.

use std::io::Write as _;

use bytes::Bytes;
use chimera_domain::time::Timestamp;
use chimera_log::{Partition, RawRecord};
use zstd::stream::write::Encoder;

use crate::digest::sha256;
use crate::error::BackupError;
use crate::manifest::{Content, SegmentKept};
use crate::segment::{self, Record};

/// Fast: the disk and the log are what a backup should wait for.
const LEVEL: i32 = 1;
/// So much is compressed at once.
const AT_ONCE: usize = 256 * 1024;

/// A segment that is being made.
pub(crate) struct SegmentWriter {
    encoder: Encoder<'static, Vec<u8>>,
    buffer: Vec<u8>,
    content: Content,
    /// Where the last record begins in the buffer; none while there is no record.
    last: Option<usize>,
}

impl SegmentWriter {
    /// An empty segment that begins with this sequence.
    pub(crate) fn new(first: u64) -> Result<Self, BackupError> {
        let encoder = Encoder::new(Vec::new(), LEVEL).map_err(|error| broken(&error))?;
        let content = Content {
            first,
            last: first.saturating_sub(1),
            raw_bytes: 0,
            recorded_from: Timestamp(i64::MAX),
            recorded_to: Timestamp(i64::MIN),
            unreadable: 0,
            complete: false,
            end_mark: String::new(),
            schemas: std::collections::BTreeMap::new(),
        };
        Ok(Self { encoder, buffer: segment::MAGIC.to_vec(), content, last: None })
    }

    /// Bytes of the records so far.
    pub(crate) fn raw_bytes(&self) -> u64 {
        self.content.raw_bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// Whether the schema under this id has been noted.
    pub(crate) fn knows(&self, id: u32) -> bool {
        self.content.schemas.contains_key(&id)
    }

    /// Notes what the schema under this id is.
    pub(crate) fn note(&mut self, id: u32, schema: Option<String>) {
        self.content.schemas.insert(id, schema);
    }

    /// Takes the next record, and when it was recorded if that could be read.
    pub(crate) fn push(
        &mut self,
        record: &RawRecord,
        recorded_at: Option<Timestamp>,
    ) -> Result<(), BackupError> {
        if self.buffer.len() >= AT_ONCE {
            self.compress()?;
        }
        let before = self.buffer.len();
        Record::of(record).write(&mut self.buffer);
        let content = &mut self.content;
        content.raw_bytes += (self.buffer.len() - before) as u64;
        content.last = record.sequence;
        match recorded_at {
            Some(at) => {
                content.recorded_from = content.recorded_from.min(at);
                content.recorded_to = content.recorded_to.max(at);
            }
            None => content.unreadable += 1,
        }
        self.last = Some(before);
        Ok(())
    }

    fn compress(&mut self) -> Result<(), BackupError> {
        self.encoder.write_all(&self.buffer).map_err(|error| broken(&error))?;
        self.buffer.clear();
        Ok(())
    }

    /// The object, and what a manifest says of it.
    pub(crate) fn finish(
        mut self,
        partition: &Partition,
        complete: bool,
    ) -> Result<(SegmentKept, Bytes), BackupError> {
        let last = self.last.and_then(|at| self.buffer.get(at..)).unwrap_or_default();
        self.content.end_mark = segment::written(self.content.last, last).mark();
        self.compress()?;
        let mut bytes = self.encoder.finish().map_err(|error| broken(&error))?;
        let mut content = self.content;
        content.complete = complete;
        if content.recorded_from > content.recorded_to {
            (content.recorded_from, content.recorded_to) = (Timestamp(0), Timestamp(0));
        }
        bytes.extend_from_slice(&segment::trailer(&content)?);
        let sha256 = sha256(&bytes);
        let object = segment::object(partition, (content.first, content.last), &sha256);
        let length = bytes.len() as u64;
        Ok((SegmentKept { object, bytes: length, sha256, content }, bytes.into()))
    }
}

fn broken(error: &std::io::Error) -> BackupError {
    BackupError::Broken(format!("compressing: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn partition() -> Partition {
        Partition::new("orders", 3)
    }

    fn written(records: &[RawRecord]) -> (SegmentKept, Bytes) {
        let mut writer =
            SegmentWriter::new(records.first().map_or(1, |record| record.sequence)).unwrap();
        for record in records {
            writer.push(record, Some(Timestamp(record.sequence.cast_signed()))).unwrap();
        }
        writer.finish(&partition(), true).unwrap()
    }

    fn read(kept: &SegmentKept, bytes: &[u8]) -> Result<Vec<RawRecord>, BackupError> {
        let mut found = Vec::new();
        segment::records(&kept.object, bytes, &kept.content, |record| {
            found.push(record.to_raw(&same(&record)));
            Ok(())
        })?;
        Ok(found)
    }

    fn same(record: &Record<'_>) -> segment::Ids {
        record.schema_id().into_iter().map(|id| (id, id)).collect()
    }

    /// Key, event type, traceparent, value.
    type Parts = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

    fn some_records() -> impl Strategy<Value = Vec<RawRecord>> {
        let part = || vec(any::<u8>(), 0..40);
        let record = (part(), part(), part(), vec(any::<u8>(), 0..2000));
        (1_u64..1000, vec(record, 1..40)).prop_map(|(first, parts)| {
            let numbered = (first..).zip(parts);
            let record = |(sequence, parts): (u64, Parts)| {
                let (key, event_type, traceparent, value) = parts;
                RawRecord {
                    sequence,
                    key: key.into(),
                    event_type: event_type.into(),
                    traceparent: traceparent.into(),
                    value: value.into(),
                }
            };
            numbered.map(record).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_goes_into_a_segment_comes_out_of_it(records in some_records()) {
            let (kept, bytes) = written(&records);
            prop_assert_eq!(read(&kept, &bytes).unwrap(), records);
            prop_assert_eq!(segment::description(&bytes).unwrap(), kept.content.clone());
            prop_assert_eq!(kept.bytes, bytes.len() as u64);
            let named = (kept.content.first, kept.content.last, sha256(&bytes));
            prop_assert_eq!(segment::of_name(&kept.object), Some(named));
        }

        #[test]
        fn a_segment_that_was_cut_is_never_read_as_a_whole_one(records in some_records(), cut in 0.0..1.0) {
            let (kept, bytes) = written(&records);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let length = (bytes.len() as f64 * cut) as usize;
            let cut = &bytes[..length];
            prop_assert!(segment::description(cut).is_none());
            let trailer = segment::trailer(&kept.content).unwrap().len();
            if length < bytes.len() - trailer - 4 {
                prop_assert!(read(&kept, cut).is_err());
            }
        }
    }

    #[test]
    fn a_mark_knows_every_part_of_a_record_but_the_id_of_its_schema() {
        let value: Vec<u8> = vec![0, 0, 0, 0, 9, 1, 2, 3];
        let record =
            Record { sequence: 7, key: b"k", event_type: b"t", traceparent: b"", value: &value };
        let moved = vec![0, 1, 2, 3, 4, 1, 2, 3];
        assert_eq!(record.mark(), Record { value: &moved, ..record }.mark());
        let other = vec![0, 0, 0, 0, 9, 1, 2, 4];
        for different in [
            Record { sequence: 8, ..record },
            Record { key: b"kt", event_type: b"", ..record },
            Record { traceparent: b"t", event_type: b"", ..record },
            Record { value: &other, ..record },
        ] {
            assert_ne!(record.mark(), different.mark());
        }
    }

    #[test]
    fn more_or_fewer_records_than_described_are_damage() {
        let record = RawRecord {
            sequence: 1,
            key: "k".into(),
            event_type: "t".into(),
            traceparent: Bytes::new(),
            value: "v".into(),
        };
        let (mut kept, bytes) = written(&[record.clone(), RawRecord { sequence: 2, ..record }]);
        for last in [1, 3] {
            kept.content.last = last;
            assert!(matches!(read(&kept, &bytes), Err(BackupError::Damaged { .. })));
        }
    }
}
