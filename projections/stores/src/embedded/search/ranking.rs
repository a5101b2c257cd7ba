//! The best documents of a question in its order, and where a page ended.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};
use tantivy::SegmentReader;
use tantivy::columnar::{Column, StrColumn, TermOrdHit};

use super::failure::{failed, of_disk};
use super::fields::ID_COLUMN;
use crate::error::StoreError;
use crate::page::Cursor;
use crate::search::{Query, Sort, foreign_cursor, question_of};

/// Where a document stands in the order: the smallest first.
pub(super) type Rank = (bool, u64);

/// A place in the order of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    question: u64,
    rank: Rank,
    id: String,
}

/// Where the page before ended.
///
/// # Errors
/// [`StoreError::Rejected`] for a cursor of another question.
pub(super) fn place(query: &Query) -> Result<Option<Place>, StoreError> {
    let Some(cursor) = &query.after else {
        return Ok(None);
    };
    let place: Place = postcard::from_bytes(cursor.as_bytes()).map_err(|_| foreign_cursor())?;
    if place.question == question_of(query) { Ok(Some(place)) } else { Err(foreign_cursor()) }
}

/// A cursor to this place.
pub(super) fn cursor(query: &Query, best: &Best) -> Result<Cursor, StoreError> {
    let place = Place { question: question_of(query), rank: best.rank, id: best.id.clone() };
    let bytes =
        postcard::to_stdvec(&place).map_err(|error| StoreError::Fatal(error.to_string()))?;
    Ok(Cursor::from_bytes(bytes))
}

/// A document among the best.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Best {
    pub(super) rank: Rank,
    pub(super) id: String,
    pub(super) segment: u32,
    pub(super) doc: u32,
}

/// By what a segment's documents are ranked.
pub(super) enum Ranked {
    Score,
    Up(Column<i64>),
    Down(Column<i64>),
}

impl Ranked {
    pub(super) fn by(segment: &SegmentReader, sort: Sort) -> Result<Self, StoreError> {
        let column = |name| segment.fast_fields().i64(name).map_err(failed);
        Ok(match sort {
            Sort::Relevance => Self::Score,
            Sort::Ascending(name) => Self::Up(column(name)?),
            Sort::Descending(name) => Self::Down(column(name)?),
        })
    }

    /// The place of a document with this score.
    pub(super) fn rank(&self, doc: u32, score: f32) -> Rank {
        match self {
            // The bits of positive numbers are in their order.
            Self::Score => (false, u64::from(!score.to_bits())),
            Self::Up(column) => column.first(doc).map_or((true, 0), |n| (false, ordered(n))),
            Self::Down(column) => column.first(doc).map_or((true, 0), |n| (false, !ordered(n))),
        }
    }
}

/// The score that a rank by relevance was made of.
pub(super) fn score_of(rank: Rank) -> f32 {
    u32::try_from(rank.1).map_or(0.0, |bits| f32::from_bits(!bits))
}

/// The same order without signs.
fn ordered(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

/// The best documents of one segment, so many at most.
pub(super) struct Collecting {
    most: usize,
    ids: StrColumn,
    after: Option<(Rank, TermOrdHit)>,
    heap: BinaryHeap<(Rank, u64, u32)>,
}

impl Collecting {
    pub(super) fn new(
        segment: &SegmentReader,
        most: usize,
        after: Option<&Place>,
    ) -> Result<Self, StoreError> {
        let ids = segment.fast_fields().str(ID_COLUMN).map_err(failed)?;
        let ids = ids.ok_or_else(|| StoreError::Fatal("the index has lost its ids".into()))?;
        let after = match after {
            Some(place) => {
                let term = ids.dictionary().term_ord_or_next(&place.id);
                Some((place.rank, term.map_err(|error| of_disk(&error))?))
            }
            None => None,
        };
        Ok(Self { most, ids, after, heap: BinaryHeap::new() })
    }

    /// Takes a document in if it is among the best so far.
    pub(super) fn collect(&mut self, rank: Rank, doc: u32) {
        let full = self.heap.len() >= self.most;
        if full && self.heap.peek().is_none_or(|worst| rank > worst.0) {
            return;
        }
        let Some(id) = self.ids.ords().first(doc) else { return };
        if self.is_before(rank, id) {
            return;
        }
        self.heap.push((rank, id, doc));
        if full {
            self.heap.pop();
        }
    }

    /// Whether it stands on an earlier page.
    fn is_before(&self, rank: Rank, id: u64) -> bool {
        let Some((last, at)) = &self.after else { return false };
        match rank.cmp(last) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => match at {
                TermOrdHit::Exact(term) => id <= *term,
                TermOrdHit::Next(term) => id < *term,
            },
        }
    }

    /// Adds what was found to the best of other segments.
    pub(super) fn add_to(self, best: &mut Vec<Best>, segment: u32) -> Result<(), StoreError> {
        for (rank, term, doc) in self.heap {
            let mut id = String::new();
            self.ids.ord_to_str(term, &mut id).map_err(|error| of_disk(&error))?;
            best.push(Best { rank, id, segment, doc });
        }
        Ok(())
    }
}
