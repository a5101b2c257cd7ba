//! One open partition: what was found on disk, its tail, and the fence between its writers.
//!
//! Decides who may write and what readers are told; how bytes get to disk is the tail's.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_log::{AppendError, Appended, Batch, Partition, Writer};
use tokio::sync::watch;

use crate::budget::Budget;
use crate::error::OpenError;
use crate::log::{EmbeddedLogOptions, TornTail};
use crate::published::{Published, Segment};
use crate::recovery::{self, Mark, Scanned};
use crate::segment::{self, Head};
use crate::tail::{Failure, Tail};

/// What all partitions of a log share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) options: EmbeddedLogOptions,
    pub(crate) budget: Arc<Budget>,
    /// Held until the last writer is gone.
    pub(crate) lock: Arc<File>,
}

/// A partition on disk, read and not yet touched.
pub(crate) struct Examined {
    partition: Partition,
    dir: PathBuf,
    /// First sequence and length of each segment.
    segments: Vec<(u64, u64)>,
    last: Scanned,
}

impl Examined {
    /// Lists the segments of a partition and checks the last one.
    pub(crate) fn examine(log: &Path, partition: Partition) -> Result<Self, OpenError> {
        let dir = segment::directory(log, &partition);
        let mut segments = Vec::new();
        for first in segment::list(&dir).map_err(OpenError::io(&dir))? {
            let path = segment::path(&dir, first);
            let length = fs::metadata(&path).map_err(OpenError::io(&path))?.len();
            segments.push((first, length));
        }
        let (Some((1, _)), Some(&(first, _))) = (segments.first(), segments.last()) else {
            let reason = "the segment that begins with sequence 1 is missing".to_owned();
            return Err(OpenError::Manifest { path: dir, reason });
        };
        let path = segment::path(&dir, first);
        let bytes = fs::read(&path).map_err(OpenError::io(&path))?;
        let corrupt = |sequence, at: usize, reason: &str| OpenError::Corrupt {
            partition: partition.clone(),
            sequence,
            file: path.clone(),
            offset: at as u64,
            reason: reason.to_owned(),
        };
        let head = Head::parse(&bytes, &partition).map_err(|reason| corrupt(first, 0, reason))?;
        if head.first != first {
            return Err(corrupt(first, 0, "the segment is misnamed"));
        }
        let last = recovery::scan(&bytes, head).map_err(|d| corrupt(d.sequence, d.at, d.reason))?;
        Ok(Self { partition, dir, segments, last })
    }

    /// Whether there is no record.
    pub(crate) fn is_empty(&self) -> bool {
        self.last.next == 1
    }

    /// What a crash has torn, if anything.
    pub(crate) fn torn(&self) -> Option<TornTail> {
        let &(first, _) = self.segments.last()?;
        (self.last.torn > 0).then(|| TornTail {
            partition: self.partition.clone(),
            file: segment::path(&self.dir, first),
            offset: self.last.end,
            bytes: self.last.torn,
            last_sequence: self.last.next - 1,
        })
    }

    /// Cuts what is torn, and opens the partition for writing and reading.
    pub(crate) fn open(self, shared: Shared) -> io::Result<Shard> {
        let Self { partition, dir, segments, last } = self;
        let (first, length) = segments.last().copied().unwrap_or_default();
        let path = segment::path(&dir, first);
        let file = File::options().read(true).write(true).open(path)?;
        shared.budget.add(segments.iter().map(|(_, length)| length).sum());
        let mut tail = Tail::new(
            (dir.clone(), partition.clone()),
            (shared.options, shared.budget),
            (file, first),
            (last.end, length),
            last.next,
        );
        if last.torn > 0 {
            tail.cut()?;
        }
        let sealed = |(first, end)| Segment { first, end, marks: None };
        let mut segments: Vec<Segment> = segments.into_iter().map(sealed).collect();
        if let Some(segment) = segments.last_mut() {
            segment.end = last.end;
            segment.marks = Some(last.marks);
        }
        Ok(Shard {
            published: Arc::new(Published::new(partition, dir, segments)),
            writing: Mutex::new(Writing { tail, term: last.term }),
            announce: watch::Sender::new(last.next - 1),
            _lock: shared.lock,
        })
    }
}

/// An open partition.
pub(crate) struct Shard {
    pub(crate) published: Arc<Published>,
    writing: Mutex<Writing>,
    pub(crate) announce: watch::Sender<u64>,
    _lock: Arc<File>,
}

/// What only the writer of the last term may touch.
pub(crate) struct Writing {
    pub(crate) tail: Tail,
    /// The last term given.
    term: u64,
}

impl Shard {
    /// Fences the writers before.
    pub(crate) fn claim(self: &Arc<Self>) -> io::Result<EmbeddedWriter> {
        let mut writing = self.writing();
        writing.tail.settle()?;
        writing.term += 1;
        Ok(EmbeddedWriter { shard: self.clone(), term: writing.term, next: writing.tail.next })
    }

    pub(crate) fn writing(&self) -> MutexGuard<'_, Writing> {
        // A thread that panicked inside an append may have left half a frame; the tail is where it was.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The embedded log's [`Writer`].
pub(crate) struct EmbeddedWriter {
    shard: Arc<Shard>,
    term: u64,
    next: u64,
}

impl Writer for EmbeddedWriter {
    fn term(&self) -> u64 {
        self.term
    }

    fn next_sequence(&self) -> u64 {
        self.next
    }

    fn append(&mut self, batch: Batch) -> Result<Appended, AppendError> {
        let mut writing = self.shard.writing();
        let partition = || self.shard.published.partition.clone();
        if writing.term != self.term {
            return Err(AppendError::Fenced { partition: partition() });
        }
        let first = self.next;
        if batch.is_empty() {
            return Ok(Appended { first, last: first - 1 });
        }
        let tail = &mut writing.tail;
        tail.append(self.term, batch.entries()).map_err(|failure| match failure {
            Failure::NotWritten(error) => {
                AppendError::Unavailable { partition: partition(), reason: error.to_string() }
            }
            Failure::Unknown(error) => {
                let (partition, reason) = (partition(), error.to_string());
                AppendError::Indeterminate { partition, reason, fenced: false }
            }
        })?;
        self.next = tail.next;
        let frame = Mark { sequence: first, offset: tail.last_frame };
        let last = tail.next - 1;
        self.shard.published.advance(tail.first, frame, tail.end, || {
            self.shard.announce.send_replace(last);
        });
        Ok(Appended { first, last })
    }
}

#[cfg(test)]
mod tests {
    use chimera_log::{Entry, EventLog, StreamSpec};
    use tempfile::TempDir;

    use super::*;
    use crate::EmbeddedLog;

    fn batch(records: usize) -> Batch {
        let (key, event_type) = ("o-1".into(), "placed".into());
        let entry = Entry { key, event_type, traceparent: None, value: vec![7; 100] };
        let mut batch = Batch::default();
        batch.push_command(vec![entry; records]);
        batch
    }

    fn open(dir: &Path) -> (EmbeddedLog, Arc<Shard>) {
        let log = EmbeddedLog::open(dir, EmbeddedLogOptions::default()).unwrap();
        log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 1 }]).unwrap();
        let shard = log.shard(&Partition::new("orders", 0)).unwrap();
        (log, shard)
    }

    #[test]
    fn after_a_failed_sync_nothing_is_appended_until_a_new_claim_has_settled_the_tail() {
        let dir = TempDir::new().unwrap();
        let (log, shard) = open(dir.path());
        let mut writer = shard.claim().unwrap();
        writer.append(batch(3)).unwrap();
        shard.writing().tail.fail_next_sync = true;
        for _ in 0..3 {
            let unknown = writer.append(batch(5));
            assert!(matches!(unknown, Err(AppendError::Indeterminate { .. })), "{unknown:?}");
        }
        assert_eq!(*shard.announce.borrow(), 3);

        writer = shard.claim().unwrap();
        assert_eq!(writer.next_sequence(), 4);
        assert_eq!(writer.append(batch(1)), Ok(Appended { first: 4, last: 4 }));
        drop((log, writer, shard));
        let (log, shard) = open(dir.path());
        assert_eq!((*shard.announce.borrow(), log.torn_tails()), (4, [].as_slice()));
    }

    #[test]
    fn damage_found_after_a_failed_sync_is_no_reason_to_go_on() {
        let dir = TempDir::new().unwrap();
        let (_log, shard) = open(dir.path());
        let mut writer = shard.claim().unwrap();
        writer.append(batch(3)).unwrap();
        shard.writing().tail.fail_next_sync = true;
        writer.append(batch(5)).unwrap_err();
        let path = segment::path(&shard.published.dir, 1);
        let mut bytes = fs::read(&path).unwrap();
        bytes[100] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(shard.claim().is_err());
    }
}
