//! Points in time as messages have them.

use chimera_domain::time::{SECOND, Timestamp};

/// What an answer of REST says, RFC 3339, as a message has it; none for a text that is no time.
#[must_use]
pub fn timestamp(text: &str) -> Option<prost_types::Timestamp> {
    text.parse().ok()
}

/// A point in time to the microsecond; none for one that no calendar has.
#[must_use]
pub fn micros(time: &prost_types::Timestamp) -> Option<Timestamp> {
    let fraction = i64::from(time.nanos);
    if !(0..1_000_000_000).contains(&fraction) {
        return None;
    }
    time.seconds.checked_mul(SECOND)?.checked_add(fraction / 1_000).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_its_message_to_the_microsecond() {
        for time in [0, 1, 1_291_191_960_000_005, -1, -1_500_000] {
            let message = timestamp(&Timestamp(time).to_string()).unwrap();
            assert_eq!(micros(&message), Some(Timestamp(time)));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        assert_eq!(timestamp("yesterday"), None);
        for (seconds, nanos) in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0)] {
            assert_eq!(micros(&prost_types::Timestamp { seconds, nanos }), None);
        }
    }
}
