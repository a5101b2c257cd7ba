//! The best documents of a question in its order, and where a page ended.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};
use tantivy::SegmentReader;
use tantivy::columnar::{Column, StrColumn, TermOrdHit};

use super::block::Values;
use super::failure::{failed, of_disk};
use super::fields::ID_COLUMN;
use super::matching::Scores;
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

    /// The places of documents with these scores.
    pub(super) fn rank(&self, docs: &[u32], scores: &Scores, ranks: &mut Vec<Rank>) {
        ranks.clear();
        match self {
            // The bits of positive numbers are in their order.
            Self::Score => {
                let ranked = docs.iter().map(|doc| (false, u64::from(!scores.of(*doc).to_bits())));
                ranks.extend(ranked);
            }
            Self::Up(column) => by_number(column, docs, ranks, ordered),
            Self::Down(column) => by_number(column, docs, ranks, |number| !ordered(number)),
        }
    }
}

fn by_number(
    column: &Column<i64>,
    docs: &[u32],
    ranks: &mut Vec<Rank>,
    place: impl Fn(i64) -> u64,
) {
    let mut numbers = Values::default();
    let mut numbers = numbers.of(column, docs).peekable();
    for doc in docs {
        // The first number of a document counts.
        let number = numbers.next_if(|(of, _)| of == doc);
        while numbers.next_if(|(of, _)| of == doc).is_some() {}
        ranks.push(number.map_or((true, 0), |(_, number)| (false, place(number))));
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
    values: Values<u64>,
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
        Ok(Self { most, ids, after, heap: BinaryHeap::new(), values: Values::default() })
    }

    /// Takes those of the documents in that are among the best so far.
    pub(super) fn collect(&mut self, docs: &[u32], ranks: &[Rank]) {
        let full = self.heap.len() >= self.most;
        let worst = self.heap.peek().filter(|_| full).map(|worst| worst.0);
        let mut near = Vec::new();
        let mut ranks_of_near = Vec::new();
        for (doc, rank) in docs.iter().zip(ranks) {
            if worst.is_none_or(|worst| *rank <= worst) {
                near.push(*doc);
                ranks_of_near.push(*rank);
            }
        }
        let mut values = std::mem::take(&mut self.values);
        // Each document has one id.
        for ((doc, id), rank) in values.of(self.ids.ords(), &near).zip(ranks_of_near) {
            self.offer((rank, id, doc));
        }
        self.values = values;
    }

    fn offer(&mut self, place: (Rank, u64, u32)) {
        if self.is_before(place.0, place.1) {
            return;
        }
        if self.heap.len() < self.most {
            self.heap.push(place);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && place < *worst
        {
            *worst = place;
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
