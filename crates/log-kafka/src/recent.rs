//! The last records of a partition, in memory: what readers that are level take, so that each record is fetched from Kafka
//! once a process at most, and what this process has written not at all.
//!
//! Never has a gap between its records. Bounded in bytes: whoever is further behind reads from Kafka.

use std::collections::VecDeque;

use chimera_log::{RawBatch, RawRecord};

use crate::assembled::Assembled;

/// The most bytes that are kept; one batch more may exceed it.
const KEPT: usize = 1024 * 1024;
/// The most records that are given at once.
const GIVEN: usize = 1_024;

#[derive(Default)]
pub(crate) struct Recent {
    kept: VecDeque<Kept>,
    bytes: usize,
    /// The sequence after the last record; 0 while it is not known.
    next: u64,
}

struct Kept {
    records: Vec<RawRecord>,
    bytes: usize,
}

impl Kept {
    fn end(&self) -> u64 {
        self.records.last().map_or(0, |record| record.sequence + 1)
    }
}

impl Recent {
    /// Nothing is kept of what lies before `next`.
    pub(crate) fn begin_at(&mut self, next: u64) {
        *self = Self { next, ..Self::default() };
    }

    /// The sequence that comes after the last record.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Adds what follows the last record; what is there already is passed over. Where something is missing in between, only
    /// the new records are kept.
    pub(crate) fn push(&mut self, batch: Assembled) {
        let bytes = batch.size();
        let mut records = batch.finish().records;
        records.retain(|record| record.sequence >= self.next);
        let Some(first) = records.first().map(|record| record.sequence) else { return };
        if first != self.next {
            self.begin_at(first);
        }
        self.bytes += bytes;
        self.kept.push_back(Kept { records, bytes });
        self.next = self.kept.back().map_or(self.next, Kept::end);
        while self.bytes > KEPT && self.kept.len() > 1 {
            self.bytes -= self.kept.pop_front().map_or(0, |oldest| oldest.bytes);
        }
    }

    /// Records from `sequence` on; none if there are none, or not this one.
    pub(crate) fn from(&self, sequence: u64) -> Option<RawBatch> {
        if sequence >= self.next || sequence < self.first() {
            return None;
        }
        let mut records = Vec::new();
        let index = self.kept.partition_point(|kept| kept.end() <= sequence);
        for kept in self.kept.range(index..) {
            let from = kept.records.partition_point(|record| record.sequence < sequence);
            records.extend_from_slice(&kept.records[from..]);
            if records.len() >= GIVEN {
                break;
            }
        }
        Some(RawBatch { records })
    }

    /// Whether a reader at `sequence` may go on here: it has all that follows, and does not soon lose it.
    pub(crate) fn is_level(&self, sequence: u64) -> bool {
        let half = self.first().midpoint(self.next);
        self.next > 0 && (half..=self.next).contains(&sequence)
    }

    fn first(&self) -> u64 {
        let first = self.kept.front().and_then(|kept| kept.records.first());
        first.map_or(self.next, |record| record.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assembled::testing;

    fn batch(first: u64, records: usize, size: usize) -> Assembled {
        Assembled::of(&testing::entries(records, size), first)
    }

    fn sequences(recent: &Recent, from: u64) -> Vec<u64> {
        let batch = recent.from(from);
        batch.map_or(Vec::new(), |batch| batch.records.iter().map(|r| r.sequence).collect())
    }

    #[test]
    fn records_are_given_from_any_of_them_on() {
        let mut recent = Recent::default();
        recent.begin_at(5);
        assert!(sequences(&recent, 5).is_empty());
        recent.push(batch(5, 2, 1));
        recent.push(batch(7, 3, 1));
        assert_eq!(sequences(&recent, 5), [5, 6, 7, 8, 9]);
        assert_eq!(sequences(&recent, 8), [8, 9]);
        assert!(sequences(&recent, 4).is_empty());
        assert!(sequences(&recent, 10).is_empty());
        assert_eq!(recent.next(), 10);
    }

    #[test]
    fn what_comes_twice_is_kept_once() {
        let mut recent = Recent::default();
        recent.push(batch(1, 3, 1));
        recent.push(batch(2, 3, 1));
        recent.push(batch(1, 2, 1));
        assert_eq!(sequences(&recent, 1), [1, 2, 3, 4]);
    }

    #[test]
    fn nothing_is_given_across_a_gap() {
        let mut recent = Recent::default();
        recent.push(batch(1, 3, 1));
        recent.push(batch(6, 1, 1));
        assert!(sequences(&recent, 1).is_empty());
        assert_eq!(sequences(&recent, 6), [6]);
    }

    #[test]
    fn the_oldest_leave_when_there_are_too_many_bytes() {
        let mut recent = Recent::default();
        for first in 1..=10 {
            recent.push(batch(first, 1, KEPT / 4));
        }
        assert!(sequences(&recent, 7).is_empty());
        assert_eq!(sequences(&recent, 8), [8, 9, 10]);
        assert!(!recent.is_level(8) && recent.is_level(9) && recent.is_level(11));
        assert!(!recent.is_level(12));
    }

    #[test]
    fn nobody_is_level_with_what_is_not_known() {
        assert!(!Recent::default().is_level(0) && !Recent::default().is_level(1));
    }
}
