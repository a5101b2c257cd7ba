//! Points in time and spans, in microseconds; nothing here reads a clock.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Microseconds since the Unix epoch, UTC.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// One second in microseconds.
pub const SECOND: i64 = 1_000_000;
/// One minute in microseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// One day in microseconds.
pub const DAY: i64 = 24 * 60 * MINUTE;

impl Timestamp {
    /// This point in time, `micros` later; stops at the ends of the range.
    #[must_use]
    pub fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Whole days since 1970-01-01, UTC.
    #[must_use]
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// The calendar date, UTC, as `YYYY-MM-DD`.
    #[must_use]
    pub fn date(self) -> String {
        let (year, month, day) = civil(self.day());
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// RFC 3339, UTC, with microseconds only where there are any.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.rem_euclid(DAY);
        let (seconds, fraction) = (micros / SECOND, micros % SECOND);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}", self.date())?;
        if fraction > 0 {
            write!(f, ".{fraction:06}")?;
        }
        f.write_str("Z")
    }
}

/// Year, month and day of the proleptic Gregorian calendar from days since the Unix epoch.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(Timestamp(0).date(), "1970-01-01");
        assert_eq!(Timestamp(951_782_400 * SECOND).date(), "2000-02-29");
        assert_eq!(Timestamp(-1).date(), "1969-12-31");
    }

    #[test]
    fn text_is_rfc_3339() {
        assert_eq!(Timestamp(1_291_191_960 * SECOND).to_string(), "2010-12-01T08:26:00Z");
        assert_eq!(
            Timestamp(1_291_191_960 * SECOND + 5).to_string(),
            "2010-12-01T08:26:00.000005Z"
        );
    }
}
