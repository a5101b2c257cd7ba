//! One partition, read once (twice where rows are folded from whole lives) and written into a file for each table.

use std::path::PathBuf;

use chimera_codec::StreamCodec;
use chimera_domain::recorded::Recorded;
use chimera_domain::time::Timestamp;
use chimera_log::{EventLog, Partition, RawBatch, RawRecord};

use crate::last_records::LastRecords;
use crate::manifest::{FileWritten, Position, Undecodable};
use crate::sink::{Exported, Sinks};
use crate::{Chosen, Days, ExportError, FileFormat};

/// How many events that cannot be decoded are named, of each partition.
const NAMED: usize = 20;

/// Which part of the log, by when it took the events: from the first one at or after `from` to the last before the first at or after
/// `until`. So windows that meet hold every event once, and `until` is a point in the order of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The first moment in it.
    pub from: Option<Timestamp>,
    /// The first moment behind it.
    pub until: Option<Timestamp>,
}

/// What is exported, and where to.
#[derive(Debug, Clone)]
pub struct Export {
    /// The directory to write into.
    pub dir: PathBuf,
    /// The kind of files.
    pub files: FileFormat,
    /// Which tables.
    pub chosen: Vec<Chosen>,
    /// Which part of the log.
    pub window: Window,
}

/// A partition to be exported.
#[derive(Debug, Clone)]
pub struct Part {
    /// Which.
    pub partition: Partition,
    /// Nothing up to and with this sequence is wanted; 0 for all.
    pub after: u64,
    /// The last sequence.
    pub end: u64,
}

/// What was written of a partition.
#[derive(Debug)]
pub struct PartWritten {
    /// What it holds.
    pub position: Position,
    /// The files.
    pub files: Vec<FileWritten>,
    /// What could not be decoded; not more than twenty.
    pub undecodable: Vec<Undecodable>,
    /// The days that its events and rows name.
    pub days: Days,
}

impl Export {
    pub(crate) fn wants(&self, what: Chosen) -> bool {
        self.chosen.contains(&what)
    }

    /// How often the records of a partition of this stream are read.
    #[must_use]
    pub fn passes(&self, stream: &str) -> u64 {
        let folded = [Chosen::FactOrders, Chosen::DimProduct];
        let twice = folded.iter().any(|what| self.wants(*what) && what.streams().contains(&stream));
        if twice { 2 } else { 1 }
    }

    /// Exports one partition; `seen` is told of records as they are read.
    ///
    /// # Errors
    /// If the log cannot be read or a file not be written. An event that cannot be decoded is no error but named.
    pub async fn part<E: Exported>(
        &self,
        log: &dyn EventLog,
        codec: &StreamCodec<E>,
        part: &Part,
        seen: &(dyn Fn(u64) + Sync),
    ) -> Result<PartWritten, ExportError> {
        let sinks = E::sinks(self, &part.partition)?;
        let mut last_records = LastRecords::default();
        if sinks.need_past {
            last_records = LastRecords::read(log, &part.partition, part.end, seen).await?;
        }
        let from = if sinks.need_past { 1 } else { part.after + 1 };
        let mut reading = Reading::new(self.window, codec, part, sinks);
        reading.last_records = last_records;
        let mut reader = log.read(&part.partition, from)?;
        while reader.position() <= part.end && !reading.over {
            let batch = reader.next().await?;
            seen(batch.records.len() as u64);
            reading.batch(&batch)?;
        }
        reading.end()
    }
}

/// A partition as it is read.
struct Reading<'a, E> {
    window: Window,
    codec: &'a StreamCodec<E>,
    part: &'a Part,
    sinks: Sinks<E>,
    last_records: LastRecords,
    /// The first sequence that is wanted, once it is known.
    first: Option<u64>,
    last: u64,
    /// Whether the window has ended.
    over: bool,
    undecodable: u64,
    named: Vec<Undecodable>,
    days: Days,
}

impl<'a, E: Exported> Reading<'a, E> {
    fn new(window: Window, codec: &'a StreamCodec<E>, part: &'a Part, sinks: Sinks<E>) -> Self {
        Self {
            window,
            codec,
            part,
            sinks,
            last_records: LastRecords::default(),
            first: None,
            last: part.after,
            over: false,
            undecodable: 0,
            named: vec![],
            days: Days::default(),
        }
    }

    fn batch(&mut self, batch: &RawBatch) -> Result<(), ExportError> {
        for record in batch.records.iter().take_while(|record| record.sequence <= self.part.end) {
            match self.codec.decode(self.part.partition.index, &record.value) {
                Ok(recorded) => self.event(record, &recorded)?,
                Err(error) => self.note_undecodable(record, error.to_string()),
            }
            if self.over {
                break;
            }
        }
        Ok(())
    }

    fn event(&mut self, record: &RawRecord, recorded: &Recorded<E>) -> Result<(), ExportError> {
        let taken = recorded.meta.recorded_at;
        if self.window.until.is_some_and(|until| taken >= until)
            && record.sequence > self.part.after
        {
            self.over = true;
            return Ok(());
        }
        let wanted = self.wants(record.sequence, taken);
        if wanted {
            self.days.include_moment(recorded.meta.occurred_at);
        }
        let is_last = self.last_records.is_last(record);
        for sink in &mut self.sinks.all {
            sink.event(recorded, wanted)?;
            if is_last {
                sink.last_of(&recorded.key)?;
            }
        }
        Ok(())
    }

    /// Whether the window has begun; notes where.
    fn wants(&mut self, sequence: u64, taken: Timestamp) -> bool {
        if sequence <= self.part.after {
            return false;
        }
        if self.first.is_none() && self.window.from.is_some_and(|from| taken < from) {
            self.last = sequence;
            return false;
        }
        self.first.get_or_insert(sequence);
        self.last = sequence;
        true
    }

    fn note_undecodable(&mut self, record: &RawRecord, problem: String) {
        let is_later = record.sequence > self.part.after;
        let has_begun = is_later && (self.first.is_some() || self.window.from.is_none());
        if is_later {
            self.last = record.sequence;
        }
        if has_begun {
            self.first.get_or_insert(record.sequence);
        }
        // What is folded rests on the past too.
        if !has_begun && !self.sinks.need_past {
            return;
        }
        self.undecodable += 1;
        if self.named.len() < NAMED {
            let Partition { stream, index } = &self.part.partition;
            let (stream, partition, sequence) = (stream.to_string(), *index, record.sequence);
            self.named.push(Undecodable { stream, partition, sequence, problem });
        }
    }

    fn end(mut self) -> Result<PartWritten, ExportError> {
        let mut files = Vec::new();
        for sink in self.sinks.all {
            let ended = sink.end()?;
            self.days.include_all(ended.days);
            files.push(ended.written);
        }
        let position = Position {
            stream: self.part.partition.stream.to_string(),
            partition: self.part.partition.index,
            first: self.first.unwrap_or(self.last + 1),
            last: self.last,
            undecodable: self.undecodable,
        };
        Ok(PartWritten { position, files, undecodable: self.named, days: self.days })
    }
}
