//! At which offsets the last records of a partition stand. Offsets grow with sequences except where markers and aborted records
//! lie in between, so only the places where they stop doing so are kept. Bounded; asks nobody.

use std::collections::VecDeque;

use crate::probe::Last;

/// How many runs are kept; one is 16 bytes.
const KEPT: usize = 4_096;
/// What takes an offset behind the last record of a transaction.
const MARKER: i64 = 1;

/// Where the last records stand.
#[derive(Default)]
pub(crate) struct Marks {
    /// The first record of each run, by sequence and offset.
    runs: VecDeque<(u64, i64)>,
    /// The sequence that comes next, and where it can stand at the earliest; none while nothing is known.
    next: Option<(u64, i64)>,
}

impl Marks {
    /// What comes from now on comes after this record.
    pub(crate) fn begin(&mut self, last: &Last) {
        if self.next.is_none() {
            self.next = Some((last.sequence + 1, last.end));
        }
    }

    /// The record of `sequence` stands at `offset`. Those before it have been noted.
    pub(crate) fn note(&mut self, sequence: u64, offset: i64) {
        let goes_on = self.runs.back().is_some_and(|run| offset_in(*run, sequence) == offset);
        if !goes_on {
            self.runs.push_back((sequence, offset));
            if self.runs.len() > KEPT {
                self.runs.pop_front();
            }
        }
        self.next = Some((sequence + 1, offset + 1 + MARKER));
    }

    /// Where a reader that has taken everything up to `sequence` goes on: at the next record, or behind the marker where there is
    /// none yet. None if it is not known.
    pub(crate) fn after(&self, sequence: u64) -> Option<i64> {
        let wanted = sequence + 1;
        let (next, earliest) = self.next?;
        if wanted >= next {
            return (wanted == next).then_some(earliest);
        }
        let after = self.runs.partition_point(|run| run.0 <= wanted);
        let run = self.runs.get(after.checked_sub(1)?)?;
        Some(offset_in(*run, wanted))
    }
}

/// Where a record stands if it belongs to the run.
fn offset_in((first, offset): (u64, i64), sequence: u64) -> i64 {
    offset + (sequence - first).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Transactions of three records and a marker, from sequence 11 at offset 100.
    fn marks(transactions: u64) -> Marks {
        let mut marks = Marks::default();
        marks.begin(&Last { sequence: 10, term: 1, end: 100 });
        for index in 0..transactions * 3 {
            marks.note(11 + index, 100 + (index + index / 3).cast_signed());
        }
        marks
    }

    #[test]
    fn one_who_has_all_goes_on_behind_the_marker() {
        assert_eq!(marks(0).after(10), Some(100));
        assert_eq!(marks(1).after(13), Some(104));
        assert_eq!(marks(2).after(16), Some(108));
    }

    #[test]
    fn one_in_the_middle_goes_on_at_the_next_record() {
        let marks = marks(2);
        let after = [(10, 100), (11, 101), (12, 102), (13, 104), (14, 105), (15, 106)];
        for (sequence, offset) in after {
            assert_eq!(marks.after(sequence), Some(offset), "after {sequence}");
        }
    }

    #[test]
    fn nothing_is_said_of_what_was_before_or_has_not_come() {
        assert_eq!(Marks::default().after(0), None);
        assert_eq!(marks(2).after(9), None);
        assert_eq!(marks(2).after(17), None);
    }

    #[test]
    fn only_the_last_runs_are_kept() {
        let marks = marks(5_000);
        assert_eq!(marks.runs.len(), KEPT);
        assert_eq!(marks.after(11), None);
        assert_eq!(marks.after(15_010), Some(20_100));
        assert_eq!(marks.after(15_009), Some(20_098));
    }
}
