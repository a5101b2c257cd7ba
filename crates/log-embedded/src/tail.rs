//! The end of a partition, where frames are appended: the only place that writes into segments.
//!
//! A frame is one pwrite over zeros that were synced before, and one fdatasync. Whatever fails, the bytes up to `end` stay
//! as acknowledged. Knows nothing of terms, fences or readers.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use chimera_log::{Entry, Partition};

use crate::budget::Budget;
use crate::frame;
use crate::log::EmbeddedLogOptions;
use crate::recovery;
use crate::segment::{self, HEAD, Head};

/// The buffer that is kept for the next frame, at most.
const BUFFER: usize = 1024 * 1024;
const PAGE: u64 = 4096;
static ZEROS: [u8; 256 * 1024] = [0; 256 * 1024];

/// Why a frame was not acknowledged.
pub(crate) enum Failure {
    /// Nothing stands behind the end.
    NotWritten(io::Error),
    /// The frame may be on disk; [`Tail::settle`] removes it.
    Unknown(io::Error),
}

/// What may stand behind the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    Zeros,
    /// Part of a frame, by a write that failed.
    Remains,
    /// What a failed sync has left, on disk or only in memory.
    Unknown,
}

/// Where and how one partition is written.
pub(crate) struct Tail {
    pub(crate) dir: PathBuf,
    pub(crate) partition: Partition,
    pub(crate) options: EmbeddedLogOptions,
    pub(crate) budget: Arc<Budget>,
    /// The last segment.
    pub(crate) file: File,
    pub(crate) first: u64,
    /// Behind the last acknowledged frame.
    pub(crate) end: u64,
    /// How far the file reaches: zeros from `end` on, synced.
    pub(crate) prepared: u64,
    /// Where the last frame appended here begins.
    pub(crate) last_frame: u64,
    /// The sequence that comes next.
    pub(crate) next: u64,
    frame: Vec<u8>,
    behind: Behind,
    #[cfg(test)]
    pub(crate) fail_next_sync: bool,
}

impl Tail {
    /// The tail after a segment was scanned; everything behind `end` must be zeros.
    pub(crate) fn new(
        (dir, partition): (PathBuf, Partition),
        (options, budget): (EmbeddedLogOptions, Arc<Budget>),
        (file, first): (File, u64),
        (end, prepared): (u64, u64),
        next: u64,
    ) -> Self {
        Self {
            dir,
            partition,
            options,
            budget,
            file,
            first,
            end,
            prepared,
            last_frame: end,
            next,
            frame: Vec::new(),
            behind: Behind::Zeros,
            #[cfg(test)]
            fail_next_sync: false,
        }
    }

    /// Makes these entries durable as one frame of this term.
    pub(crate) fn append(&mut self, term: u64, entries: &[Entry]) -> Result<(), Failure> {
        if self.behind == Behind::Unknown {
            let reason = "an earlier sync failed, so the partition must be claimed again";
            return Err(Failure::Unknown(io::Error::other(reason)));
        }
        let length = frame::length(entries);
        if length > frame::MAX_FRAME {
            let reason = format!("a batch of {length} bytes; {} at most", frame::MAX_FRAME);
            return Err(Failure::NotWritten(io::Error::other(reason)));
        }
        self.make_room(length as u64, term).map_err(Failure::NotWritten)?;
        frame::encode(&mut self.frame, self.end, (self.next, term), entries);
        if let Err(error) = self.file.write_all_at(&self.frame, self.end) {
            self.behind = Behind::Remains;
            return Err(Failure::NotWritten(error));
        }
        if let Err(error) = self.sync() {
            self.behind = Behind::Unknown;
            return Err(Failure::Unknown(error));
        }
        self.last_frame = self.end;
        self.end += length as u64;
        self.next += entries.len() as u64;
        if self.frame.capacity() > BUFFER {
            self.frame = Vec::new();
        }
        Ok(())
    }

    /// Makes sure that nothing stands behind the end, and that the rest is on disk. Called before a new writer begins.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        if self.behind != Behind::Unknown {
            return Ok(());
        }
        // After a failed sync the last page may be newer in memory than on disk without being written again by itself.
        let page = self.end / PAGE * PAGE;
        let mut bytes = vec![0; usize::try_from(self.end - page).unwrap_or(0)];
        self.file.read_exact_at(&mut bytes, page)?;
        self.file.write_all_at(&bytes, page)?;
        self.cut()?;
        let segment = fs::read(segment::path(&self.dir, self.first))?;
        let head = Head::parse(&segment, &self.partition).map_err(io::Error::other)?;
        let scanned = recovery::scan(&segment, head).map_err(|damage| {
            io::Error::other(format!("at byte {}: {}", damage.at, damage.reason))
        })?;
        if (scanned.end, scanned.next) != (self.end, self.next) {
            return Err(io::Error::other("acknowledged records are missing after a failed sync"));
        }
        self.behind = Behind::Zeros;
        Ok(())
    }

    /// Ends the file at the last acknowledged frame, durably.
    pub(crate) fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.budget.give(self.prepared - self.end);
        self.prepared = self.end;
        self.file.sync_all()
    }

    /// Zeros on disk for a frame of this length, in a new segment if it does not fit this one.
    fn make_room(&mut self, length: u64, term: u64) -> io::Result<()> {
        if self.behind == Behind::Remains {
            self.cut()?;
            self.behind = Behind::Zeros;
        }
        if self.end > HEAD as u64 && self.end + length > self.options.segment_bytes {
            self.begin_segment(term)?;
        }
        if self.end + length <= self.prepared {
            return Ok(());
        }
        let ahead = self.prepared + self.options.chunk_bytes;
        let wanted = ahead.min(self.options.segment_bytes);
        let needed = self.end + length;
        // On a disk that is almost full, what is needed may fit where a whole chunk does not.
        self.prepare(wanted.max(needed)).or_else(|_full| self.prepare(needed))
    }

    fn begin_segment(&mut self, term: u64) -> io::Result<()> {
        self.budget.take(HEAD as u64)?;
        let head = Head { first: self.next, term };
        let created = segment::create(&self.dir, &self.partition, head);
        let file = created.inspect_err(|_| self.budget.give(HEAD as u64))?;
        // The zeros that are left over are only a waste, so a failure here is none.
        if self.file.set_len(self.end).is_ok() {
            self.budget.give(self.prepared - self.end);
        }
        self.file = file;
        self.first = self.next;
        self.end = HEAD as u64;
        self.prepared = self.end;
        Ok(())
    }

    /// Writes zeros up to `to` and syncs them, or leaves the file as it was.
    fn prepare(&mut self, to: u64) -> io::Result<()> {
        self.budget.take(to - self.prepared)?;
        if let Err(error) = self.write_zeros(to) {
            self.budget.give(to - self.prepared);
            // If this fails too, the file is longer than `prepared` says, by zeros; they are written again.
            let _still_longer = self.file.set_len(self.prepared);
            return Err(error);
        }
        self.prepared = to;
        Ok(())
    }

    fn write_zeros(&self, to: u64) -> io::Result<()> {
        let mut at = self.prepared;
        while at < to {
            let length = usize::try_from(to - at).unwrap_or(usize::MAX).min(ZEROS.len());
            self.file.write_all_at(&ZEROS[..length], at)?;
            at += length as u64;
        }
        self.file.sync_all()
    }

    fn sync(&mut self) -> io::Result<()> {
        #[cfg(test)]
        if std::mem::take(&mut self.fail_next_sync) {
            return Err(io::Error::other("injected"));
        }
        self.file.sync_data()
    }
}
