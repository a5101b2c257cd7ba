//! From a sequence to an offset. Transaction markers and aborted records take offsets and no sequence, so a record's
//! offset is at least its sequence less one; how much more must be searched. Asks through a trait; knows no broker.

/// Below this many offsets reading on is quicker than asking again.
pub(crate) const NEAR: i64 = 1_000;

/// Answers what stands where.
pub(crate) trait Sequences {
    /// Why it could not answer.
    type Error;

    /// The sequence of the first committed record at `offset` or later; `None` if there is none.
    fn at_or_after(&self, offset: i64) -> Result<Option<u64>, Self::Error>;
}

/// An offset at or before that of `sequence`, and not far before it. Committed records lie in `low..end`.
pub(crate) fn search<S: Sequences>(
    sequences: &S,
    sequence: u64,
    (low, end): (i64, i64),
) -> Result<i64, S::Error> {
    let least = i64::try_from(sequence.saturating_sub(1)).unwrap_or(i64::MAX);
    // No record from `after` on is needed, and none before `before`.
    let (mut before, mut after) = (least.clamp(low, end.max(low)), end);
    while after - before > NEAR {
        let middle = before + (after - before) / 2;
        match sequences.at_or_after(middle)? {
            Some(found) if found <= sequence => before = middle,
            _ => after = middle,
        }
    }
    Ok(before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::convert::Infallible;

    /// Records by offset, and how often it was asked.
    struct Fake {
        records: Vec<(i64, u64)>,
        asked: Cell<u32>,
    }

    impl Fake {
        /// Transactions of `size` records, each followed by `rest` offsets without one.
        fn of(records: u64, size: u64, rest: i64) -> Self {
            let offset = |index: u64| index.cast_signed() + (index / size).cast_signed() * rest;
            let records = (0..records).map(|index| (offset(index), index + 1)).collect();
            Self { records, asked: Cell::new(0) }
        }

        fn end(&self) -> i64 {
            self.records.last().map_or(0, |last| last.0 + 2)
        }
    }

    impl Sequences for Fake {
        type Error = Infallible;

        fn at_or_after(&self, offset: i64) -> Result<Option<u64>, Infallible> {
            self.asked.set(self.asked.get() + 1);
            let index = self.records.partition_point(|record| record.0 < offset);
            Ok(self.records.get(index).map(|record| record.1))
        }
    }

    #[test]
    fn the_offset_is_near_and_never_past() {
        for (size, rest) in [(1, 1), (7, 1), (1_000, 1), (10, 50), (20_000, 1)] {
            let fake = Fake::of(20_000, size, rest);
            for (offset, sequence) in fake.records.iter().step_by(777) {
                let Ok(found) = search(&fake, *sequence, (0, fake.end()));
                assert!(found <= *offset, "{found} is past {offset}");
                assert!(offset - found <= NEAR, "{found} is far from {offset}");
            }
        }
    }

    #[test]
    fn a_sequence_beyond_the_tail_begins_near_the_tail() {
        let fake = Fake::of(5_000, 5, 1);
        let Ok(found) = search(&fake, 1_000_000, (0, fake.end()));
        assert_eq!(found, fake.end());
        let Ok(found) = search(&fake, 5_001, (0, fake.end()));
        assert!((fake.end() - NEAR..=fake.end()).contains(&found));
    }

    #[test]
    fn an_empty_partition_begins_at_its_end() {
        let fake = Fake::of(0, 1, 1);
        let Ok(found) = search(&fake, 5, (0, 0));
        assert_eq!((found, fake.asked.get()), (0, 0));
    }

    #[test]
    fn few_questions_are_asked() {
        let fake = Fake::of(1_000_000, 3, 1);
        let Ok(_) = search(&fake, 700_000, (0, fake.end()));
        assert!(fake.asked.get() <= 12, "{}", fake.asked.get());
    }
}
