//! Times, spans, counts and sizes as people read them.

use std::io::Write as _;

use chimera_domain::time::Timestamp;
use indicatif::{DecimalBytes, HumanCount};

const MICROS: f64 = 1_000_000.0;

/// RFC 3339.
pub(super) fn time(time: Timestamp) -> String {
    time.to_string()
}

/// Without fractions of a second, for people.
pub(super) fn moment(time: &str) -> String {
    let parsed = time.parse::<jiff::Timestamp>();
    parsed
        .map_or_else(|_| time.to_owned(), |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// From one time to another, with the day once if it is the same.
pub(super) fn period(from: &str, to: &str) -> String {
    let (from, to) = (moment(from), moment(to));
    let day = from.split(' ').next().unwrap_or_default();
    let until = to.strip_prefix(day).map_or(&*to, str::trim_start);
    format!("{} to {until}", from.trim_end_matches(" UTC"))
}

/// From one time, in microseconds, to a later one; 0 if it is not later.
#[expect(clippy::cast_precision_loss, reason = "a span for people")]
pub(super) fn seconds_between(earlier: i64, later: i64) -> f64 {
    later.saturating_sub(earlier).max(0) as f64 / MICROS
}

/// `0 s`, `840 ms`, `12.3 s`, `4 min 05 s`, `3 h 07 min`, `12 d 04 h`.
pub(crate) fn span(seconds: f64) -> String {
    if seconds < 0.0005 {
        return "0 s".to_owned();
    }
    if seconds < 1.0 {
        return format!("{:.0} ms", seconds * 1000.0);
    }
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = whole(seconds);
    let (minutes, hours, days) = (whole / 60, whole / 3600, whole / 86_400);
    match (minutes, hours) {
        (0..60, _) => format!("{minutes} min {:02} s", whole % 60),
        (_, 0..48) => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{days} d {:02} h", hours % 24),
    }
}

/// `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// `12.34 MB`.
pub(crate) fn bytes(number: u64) -> String {
    DecimalBytes(number).to_string()
}

/// A rate without its fraction.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates and spans are far from the limits, and a cast saturates"
)]
pub(crate) fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// A line for whoever watches.
pub(super) fn aloud(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_as_long_as_they_have_to_be() {
        let said = [0.0, 0.84, 12.34, 59.9, 245.0, 3_600.0, 11_220.0, 1_051_200.0].map(span);
        let expected = [
            "0 s",
            "840 ms",
            "12.3 s",
            "59.9 s",
            "4 min 05 s",
            "1 h 00 min",
            "3 h 07 min",
            "12 d 04 h",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn times_are_shown_without_fractions() {
        assert_eq!(moment("2026-11-22T10:00:00.123456Z"), "2026-11-22 10:00:00 UTC");
        assert_eq!(moment("never"), "never");
        let [morning, noon, other] =
            ["2026-11-22T10:00:00Z", "2026-11-22T12:00:00Z", "2026-11-23T09:00:00Z"];
        assert_eq!(period(morning, noon), "2026-11-22 10:00:00 to 12:00:00 UTC");
        assert_eq!(period(noon, other), "2026-11-22 12:00:00 to 2026-11-23 09:00:00 UTC");
    }
}
