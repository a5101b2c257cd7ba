//! One partition into a restore point: what is there already is left alone, what is new is compressed and written, one object
//! while the next is being filled.

use std::sync::Arc;

use bytes::Bytes;
use chimera_codec::{CodecError, GlanceReader, schema_id};
use chimera_domain::time::Timestamp;
use chimera_log::{EventLog, Partition, RawRecord};
use tokio::task::JoinHandle;

use crate::Progress;
use crate::error::BackupError;
use crate::manifest::SegmentKept;
use crate::place::Place;
use crate::reuse::{Known, past};
use crate::schemas::SchemasMet;
use crate::segment_writer::SegmentWriter;

/// What all partitions of one backup share.
pub(crate) struct Shared {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) place: Place,
    pub(crate) schemas: SchemasMet,
    pub(crate) known: Known,
    pub(crate) segment_bytes: u64,
    pub(crate) progress: Arc<dyn Progress>,
}

/// What became of a partition.
pub(crate) struct Written {
    pub(crate) segments: Vec<SegmentKept>,
    pub(crate) work: Work,
}

/// What had to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// How many segments were there already and were left alone.
    pub reused: usize,
    /// How many segments were written.
    pub new_objects: usize,
    /// How large they are.
    pub new_bytes: u64,
}

impl std::iter::Sum for Work {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            reused: sum.reused + part.reused,
            new_objects: sum.new_objects + part.new_objects,
            new_bytes: sum.new_bytes + part.new_bytes,
        })
    }
}

/// A partition that is being written.
struct Part {
    shared: Arc<Shared>,
    partition: Partition,
    glances: GlanceReader,
    written: Written,
    /// The object that is on its way: true once made, false if it was there.
    sending: Option<JoinHandle<Result<bool, BackupError>>>,
    sent: u64,
}

/// Writes a partition up to `end`.
pub(crate) async fn write(
    shared: Arc<Shared>,
    partition: Partition,
    end: u64,
) -> Result<Written, BackupError> {
    let segments = past(&*shared.log, (&partition, end), &shared.place, &shared.known).await?;
    let from = segments.last().map_or(0, |kept| kept.content.last) + 1;
    let work = Work { reused: segments.len(), ..Work::default() };
    let written = Written { segments, work };
    let glances = GlanceReader::default();
    let mut part = Part { shared, partition, glances, written, sending: None, sent: 0 };
    part.shared.progress.expect(&part.partition, end + 1 - from);
    if from <= end {
        part.read(from, end).await?;
    }
    part.arrived().await?;
    Ok(part.written)
}

impl Part {
    async fn read(&mut self, from: u64, end: u64) -> Result<(), BackupError> {
        let mut reader = self.shared.log.read(&self.partition, from)?;
        let (mut writer, mut next) = (SegmentWriter::new(from)?, from);
        while next <= end {
            let batch = reader.next().await?;
            for record in batch.records.iter().take_while(|record| record.sequence <= end) {
                if record.sequence != next {
                    let reason = format!("sequence {} follows {}", record.sequence, next - 1);
                    return Err(BackupError::damaged(&self.partition.to_string(), reason));
                }
                next += 1;
                self.push(&mut writer, record).await?;
                if writer.raw_bytes() >= self.shared.segment_bytes {
                    let full = std::mem::replace(&mut writer, SegmentWriter::new(next)?);
                    self.close(full, true).await?;
                }
            }
            let read = batch.records.len() as u64;
            self.shared.progress.done(&self.partition, read);
        }
        if writer.is_empty() { Ok(()) } else { self.close(writer, false).await }
    }

    async fn push(
        &mut self,
        writer: &mut SegmentWriter,
        record: &RawRecord,
    ) -> Result<(), BackupError> {
        if let Ok(id) = schema_id(&record.value)
            && !writer.knows(id)
        {
            let asked = self.shared.schemas.get(id).await?;
            if let Some(asked) = &asked
                && matches!(self.glances.look(&record.value), Err(CodecError::UnknownSchemaId(_)))
            {
                // A schema that does not parse leaves its events unread, as one that nobody knows.
                let _ = self.glances.learn(id, &asked.text);
            }
            writer.note(id, asked.map(|asked| asked.sha256));
        }
        let recorded: Option<Timestamp> =
            self.glances.look(&record.value).ok().map(|glance| glance.recorded_at);
        writer.push(record, recorded)
    }

    async fn close(&mut self, writer: SegmentWriter, complete: bool) -> Result<(), BackupError> {
        let (kept, bytes) = writer.finish(&self.partition, complete)?;
        self.arrived().await?;
        self.send(&kept, bytes);
        self.written.segments.push(kept);
        Ok(())
    }

    fn send(&mut self, kept: &SegmentKept, bytes: Bytes) {
        let (place, object) = (self.shared.place.clone(), kept.object.clone());
        self.sent = kept.bytes;
        self.sending = Some(tokio::spawn(async move { place.keep(&object, bytes).await }));
    }

    /// Waits for what is on its way.
    async fn arrived(&mut self) -> Result<(), BackupError> {
        if let Some(sending) = self.sending.take()
            && sending.await??
        {
            self.written.work.new_objects += 1;
            self.written.work.new_bytes += self.sent;
        }
        Ok(())
    }
}
