//! A position in a partition: reads whole frames in large pieces, checks every byte of them, gives slices of what it read.
//!
//! Never reads past the last acknowledged frame. Reading a piece blocks its thread for as long as the disk takes, which
//! from the page cache is tens of microseconds; only the wait at the tail is asynchronous, so dropping it loses nothing.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chimera_log::{RawBatch, RawRecord, ReadError, Reader};
use tokio::sync::watch;

use crate::frame::{self, HEADER, Header};
use crate::published::{Bounds, Published};
use crate::segment::{self, HEAD, Head};

/// How much is read at once; a longer frame is read whole.
const PIECE: u64 = 512 * 1024;

/// The embedded log's [`Reader`].
pub(crate) struct EmbeddedReader {
    pub(crate) published: Arc<Published>,
    pub(crate) announced: watch::Receiver<u64>,
    pub(crate) position: u64,
    pub(crate) place: Option<Place>,
}

/// The frame to read next.
pub(crate) struct Place {
    /// The first sequence of its segment.
    segment: u64,
    file: File,
    offset: u64,
    /// The sequence it must begin with.
    next: u64,
}

#[async_trait]
impl Reader for EmbeddedReader {
    async fn next(&mut self) -> Result<RawBatch, ReadError> {
        let position = self.position;
        let announced = self.announced.wait_for(|last| *last >= position).await;
        drop(announced.map_err(|_closed| ReadError::Closed)?);
        loop {
            // Whatever goes wrong, the next call looks for its place anew.
            let mut place = match self.place.take() {
                Some(place) => place,
                None => self.find()?,
            };
            let records = self.read(&mut place)?;
            self.place = Some(place);
            if !records.is_empty() {
                self.position += records.len() as u64;
                return Ok(RawBatch { records });
            }
        }
    }

    fn position(&self) -> u64 {
        self.position
    }
}

impl EmbeddedReader {
    fn find(&self) -> Result<Place, ReadError> {
        let found = self.published.find(self.position);
        let (segment, mark) = found.map_err(|error| self.unavailable(&error))?;
        let place = self.begin(segment)?;
        Ok(Place { offset: mark.offset, next: mark.sequence, ..place })
    }

    /// The first frame of a segment.
    fn begin(&self, segment: u64) -> Result<Place, ReadError> {
        let path = segment::path(&self.published.dir, segment);
        let file = File::open(path).map_err(|error| self.unavailable(&error))?;
        let mut bytes = Vec::with_capacity(HEAD);
        let read = (&file).take(HEAD as u64).read_to_end(&mut bytes);
        read.map_err(|error| self.unavailable(&error))?;
        let place = Place { segment, file, offset: HEAD as u64, next: segment };
        match Head::parse(&bytes, &self.published.partition) {
            Ok(head) if head.first == segment => Ok(place),
            Ok(_) => Err(self.corrupt(&place, 0, segment, "the segment is misnamed")),
            Err(reason) => Err(self.corrupt(&place, 0, segment, reason)),
        }
    }

    /// The records of the next piece from `position` on; none if all of it comes before.
    fn read(&self, place: &mut Place) -> Result<Vec<RawRecord>, ReadError> {
        let mut bounds = self.published.bounds(place.segment);
        if bounds.following == Some(place.next) {
            *place = self.begin(place.next)?;
            bounds = self.published.bounds(place.segment);
        }
        let mut length = PIECE;
        loop {
            let piece = self.piece(place, bounds.end, length)?;
            let (records, used) = self.decode(place, bounds, &piece)?;
            if used > 0 {
                place.offset += used as u64;
                return Ok(records);
            }
            length = match Header::parse(&piece) {
                Some(header) if header.frame() as u64 > length => header.frame() as u64,
                _ => return Err(self.corrupt(place, 0, place.next, "the frame is cut off")),
            };
        }
    }

    fn piece(&self, place: &mut Place, end: u64, length: u64) -> Result<Bytes, ReadError> {
        let length = length.min(end.saturating_sub(place.offset));
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        let sought = place.file.seek(SeekFrom::Start(place.offset));
        sought
            .and_then(|_| (&place.file).take(length).read_to_end(&mut bytes))
            .map_err(|error| self.unavailable(&error))?;
        Ok(Bytes::from(bytes))
    }

    /// The records in the whole frames of `piece`, and how many bytes those are.
    fn decode(
        &self,
        place: &mut Place,
        bounds: Bounds,
        piece: &Bytes,
    ) -> Result<(Vec<RawRecord>, usize), ReadError> {
        let (mut records, mut at) = (Vec::new(), 0);
        while piece.len() - at >= HEADER && bounds.following != Some(place.next) {
            let Some(header) = Header::parse(&piece[at..]) else {
                return Err(self.corrupt(place, at, place.next, "the frame's header is damaged"));
            };
            if header.first != place.next {
                return Err(self.corrupt(place, at, place.next, "another sequence is due"));
            }
            let Some(frame) = piece[at..].get(..header.frame()) else { break };
            if header.next() > self.position {
                frame::walk(&header, frame, |sequence, bounds| {
                    if sequence >= self.position {
                        records.push(frame::record(sequence, piece, at, bounds));
                    }
                })
                .map_err(|d| self.corrupt(place, at + d.at, d.sequence, d.reason))?;
            }
            at += header.frame();
            place.next = header.next();
        }
        Ok((records, at))
    }

    fn corrupt(&self, place: &Place, at: usize, sequence: u64, reason: &str) -> ReadError {
        let file = segment::path(&self.published.dir, place.segment);
        ReadError::Corrupt {
            partition: self.published.partition.clone(),
            sequence,
            place: format!("{}, byte {}", file.display(), place.offset + at as u64),
            reason: reason.to_owned(),
        }
    }

    fn unavailable(&self, error: &io::Error) -> ReadError {
        let (partition, reason) = (self.published.partition.clone(), error.to_string());
        ReadError::Unavailable { partition, reason }
    }
}
