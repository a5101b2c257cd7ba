//! What readers may see of a partition: its segments up to the last acknowledged frame, and where in them a sequence stands.
//!
//! Never writes a file.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chimera_log::Partition;

use crate::frame::{HEADER, Header};
use crate::recovery::{self, MARK_EVERY, Mark};
use crate::segment::{self, HEAD};

/// One partition, as its readers share it.
pub(crate) struct Published {
    pub(crate) partition: Partition,
    pub(crate) dir: PathBuf,
    segments: RwLock<Vec<Segment>>,
}

/// A segment, and a sparse index of it.
pub(crate) struct Segment {
    pub(crate) first: u64,
    /// How far it may be read.
    pub(crate) end: u64,
    /// None until somebody looks for a sequence in it.
    pub(crate) marks: Option<Vec<Mark>>,
}

/// How far a segment may be read, and the first sequence of the one that follows it.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) end: u64,
    pub(crate) following: Option<u64>,
}

impl Published {
    pub(crate) fn new(partition: Partition, dir: PathBuf, segments: Vec<Segment>) -> Self {
        Self { partition, dir, segments: RwLock::new(segments) }
    }

    /// The segment that holds `sequence`, and the nearest mark before it.
    pub(crate) fn find(&self, sequence: u64) -> io::Result<(u64, Mark)> {
        let holds = |segments: &[Segment]| {
            segments.partition_point(|segment| segment.first <= sequence).saturating_sub(1)
        };
        let segments = self.segments();
        let found = &segments[holds(&segments)];
        let (first, end) = (found.first, found.end);
        if let Some(marks) = &found.marks {
            return Ok((first, nearest(marks, first, sequence)));
        }
        drop(segments);
        let marks = index(File::open(segment::path(&self.dir, first))?, end)?;
        let mark = nearest(&marks, first, sequence);
        let mut segments = self.segments_mut();
        let at = holds(&segments);
        segments[at].marks = Some(marks);
        Ok((first, mark))
    }

    /// How far the segment that begins with `first` may be read.
    pub(crate) fn bounds(&self, first: u64) -> Bounds {
        let segments = self.segments();
        let at = segments.partition_point(|segment| segment.first < first);
        let following = segments.get(at + 1).map(|segment| segment.first);
        Bounds { end: segments.get(at).map_or(0, |segment| segment.end), following }
    }

    /// Shows a new frame at the end of the segment `first`, which may be new, too; `announce` tells the readers.
    pub(crate) fn advance(&self, first: u64, frame: Mark, end: u64, announce: impl FnOnce()) {
        let mut segments = self.segments_mut();
        if segments.last().is_none_or(|last| last.first < first) {
            segments.push(Segment { first, end: HEAD as u64, marks: Some(Vec::new()) });
        }
        if let Some(last) = segments.last_mut() {
            last.end = end;
            recovery::mark(last.marks.get_or_insert_default(), frame);
        }
        announce();
    }

    /// First sequence, bytes without the zeros ahead, number of segments.
    pub(crate) fn sizes(&self) -> (u64, u64, usize) {
        let segments = self.segments();
        let first = segments.first().map_or(1, |segment| segment.first);
        (first, segments.iter().map(|segment| segment.end).sum(), segments.len())
    }

    fn segments(&self) -> RwLockReadGuard<'_, Vec<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn segments_mut(&self) -> RwLockWriteGuard<'_, Vec<Segment>> {
        self.segments.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nearest(marks: &[Mark], first: u64, sequence: u64) -> Mark {
    let before = marks.partition_point(|mark| mark.sequence <= sequence);
    let beginning = Mark { sequence: first, offset: HEAD as u64 };
    before.checked_sub(1).and_then(|at| marks.get(at)).copied().unwrap_or(beginning)
}

/// Hops from header to header. Stops at a damaged one: whoever reads from the last mark on will meet it.
fn index(file: File, end: u64) -> io::Result<Vec<Mark>> {
    let mut file = BufReader::with_capacity(usize::try_from(MARK_EVERY).unwrap_or(HEADER), file);
    file.seek_relative(HEAD.cast_signed() as i64)?;
    let (mut marks, mut offset) = (Vec::new(), HEAD as u64);
    let mut header = [0; HEADER];
    while offset + HEADER as u64 <= end {
        file.read_exact(&mut header)?;
        let Some(header) = Header::parse(&header) else { break };
        recovery::mark(&mut marks, Mark { sequence: header.first, offset });
        file.seek_relative((header.frame() - HEADER).cast_signed() as i64)?;
        offset += header.frame() as u64;
    }
    Ok(marks)
}
