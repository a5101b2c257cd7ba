//! The version of a total's row: the sequence of the last event in it, and above it how often the row was made anew.
//!
//! A total that takes in an event late (one that could not be applied when it came) is added up again from the log; its last
//! sequence may still be the same. The number of such healings stands in the bits above the sequence, so that the row wins
//! over every version before, and each later event carries it on. A row that was never healed has its sequence as its version.
//! Two rows of the same content differ in it at most, so a comparison looks at the sequence alone.

/// Bits of the sequence: 8.8 million million events a partition.
const SEQUENCE_BITS: u32 = 43;
/// The most healings of one row; then its read model has to be rebuilt.
const MOST_HEALINGS: u64 = (1 << (63 - SEQUENCE_BITS)) - 1;

/// The sequence in a row's version.
#[must_use]
pub const fn sequence_of(version: u64) -> u64 {
    version & ((1 << SEQUENCE_BITS) - 1)
}

/// The version of a row whose version was `before`, now with the event `sequence` as its last.
#[must_use]
pub const fn continued(before: u64, sequence: u64) -> u64 {
    (before >> SEQUENCE_BITS << SEQUENCE_BITS) | sequence
}

/// The version of a row whose version was `before` and which was added up again, up to the event `sequence`; none if that has
/// been done too often.
#[must_use]
pub const fn healed(before: u64, sequence: u64) -> Option<u64> {
    let healings = (before >> SEQUENCE_BITS) + 1;
    if healings > MOST_HEALINGS {
        return None;
    }
    Some((healings << SEQUENCE_BITS) | sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_healed_row_wins_over_what_was_before_and_what_follows_wins_over_it() {
        let healed = healed(900, 700).unwrap();
        assert!(healed > 900 && healed > u64::from(u32::MAX));
        assert_eq!(sequence_of(healed), 700);
        let next = continued(healed, 901);
        assert!(next > healed);
        assert_eq!(sequence_of(next), 901);
        assert_eq!(continued(5, 6), 6, "without a healing the version is the sequence");
    }

    #[test]
    fn the_number_of_healings_has_an_end_that_stays_a_positive_number_of_64_bits() {
        let most = continued(MOST_HEALINGS << SEQUENCE_BITS, 1);
        assert!(i64::try_from(most).is_ok());
        assert_eq!(healed(most, 2), None);
    }
}
