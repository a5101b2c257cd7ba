//! Days of the calendar, and the span of days that an export names.
//!
//! Times outside the years 1 to 9999 count as the first or the last day of them: no date key could say them.

use chimera_domain::time::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;

const EPOCH: Date = Date::constant(1970, 1, 1);
/// 0001-01-01, in days since 1970.
const FIRST: i64 = -719_162;
/// 9999-12-31.
const LAST: i64 = 2_932_896;

/// The days from the first to the last that was named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Days(Option<(i64, i64)>);

impl Days {
    /// Includes a day, in days since 1970-01-01.
    pub(crate) fn include(&mut self, day: i64) {
        let day = day.clamp(FIRST, LAST);
        let (first, last) = self.0.unwrap_or((day, day));
        self.0 = Some((first.min(day), last.max(day)));
    }

    /// Includes the day of a moment, in UTC.
    pub(crate) fn include_moment(&mut self, moment: Timestamp) {
        self.include(moment.day());
    }

    /// Includes all of another span, and what lies between.
    pub fn include_all(&mut self, other: Self) {
        if let Some((first, last)) = other.0 {
            self.include(first);
            self.include(last);
        }
    }

    /// Each day, without gaps.
    pub(crate) fn each(self) -> impl Iterator<Item = i64> {
        self.0.into_iter().flat_map(|(first, last)| first..=last)
    }
}

/// The calendar date of a day.
pub(crate) fn date(day: i64) -> Date {
    EPOCH.saturating_add(day.clamp(FIRST, LAST).days())
}

/// YYYYMMDD.
pub(crate) fn date_key(day: i64) -> i32 {
    let date = date(day);
    i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_key_reads_as_the_date() {
        assert_eq!(date_key(0), 19_700_101);
        assert_eq!(date_key(Timestamp(1_291_191_960_000_000).day()), 20_101_201);
        assert_eq!(date_key(-1), 19_691_231);
    }

    #[test]
    fn what_no_calendar_knows_is_its_first_or_last_day() {
        assert_eq!(date_key(i64::MAX), 99_991_231);
        assert_eq!(date_key(Timestamp(i64::MIN).day()), 10_101);
        assert_eq!((date(FIRST).year(), date(LAST).day()), (1, 31));
    }

    #[test]
    fn a_span_has_no_gaps() {
        let mut days = Days::default();
        assert_eq!(days.each().count(), 0);
        days.include(10);
        let mut other = Days::default();
        other.include(7);
        days.include_all(other);
        days.include_all(Days::default());
        assert_eq!(days.each().collect::<Vec<_>>(), [7, 8, 9, 10]);
    }
}
