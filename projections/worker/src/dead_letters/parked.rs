//! What a feed knows of its own letters: which aggregates wait, from where on, and which events were dropped.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chimera_log::RawRecord;

use super::letter::{Class, Letter};

/// The letters of one partition, by aggregate.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    waiting: BTreeMap<Arc<str>, BTreeSet<u64>>,
    dropped: BTreeSet<u64>,
}

/// What is to be done with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing stands in its way.
    Free,
    /// Its aggregate waits, and so must it.
    Behind,
    /// It is in the queue already, or was dropped.
    Listed,
}

impl Parked {
    pub(crate) fn standing(&self, record: &RawRecord) -> Standing {
        if self.waiting.is_empty() && self.dropped.is_empty() {
            return Standing::Free;
        }
        if self.dropped.contains(&record.sequence) {
            return Standing::Listed;
        }
        let key: Cow<'_, str> = String::from_utf8_lossy(&record.key);
        match self.waiting.get(&*key) {
            Some(sequences) if sequences.contains(&record.sequence) => Standing::Listed,
            // What stands before the first that waits is read again, after a crash or a store that went back.
            Some(sequences) if sequences.first().is_some_and(|first| *first < record.sequence) => {
                Standing::Behind
            }
            Some(_) | None => Standing::Free,
        }
    }

    pub(crate) fn add(&mut self, letter: &Letter) {
        if letter.class == Class::Dropped {
            self.drop_one(&letter.key, letter.sequence);
        } else {
            let sequences = self.waiting.entry(letter.key.as_str().into()).or_default();
            sequences.insert(letter.sequence);
        }
    }

    /// Takes an event out of the queue that has been applied.
    pub(crate) fn remove(&mut self, key: &str, sequence: u64) {
        if let Some(sequences) = self.waiting.get_mut(key) {
            sequences.remove(&sequence);
            if sequences.is_empty() {
                self.waiting.remove(key);
            }
        }
    }

    /// An event that shall never be applied.
    pub(crate) fn drop_one(&mut self, key: &str, sequence: u64) {
        self.remove(key, sequence);
        self.dropped.insert(sequence);
    }

    /// The sequences that wait of one aggregate, in order.
    pub(crate) fn of(&self, key: &str) -> Vec<u64> {
        self.waiting.get(key).into_iter().flatten().copied().collect()
    }

    /// The aggregates that wait.
    pub(crate) fn keys(&self) -> Vec<Arc<str>> {
        self.waiting.keys().cloned().collect()
    }

    /// Whether this event waits or was dropped: it is in no row.
    pub(crate) fn leaves_out(&self, record: &RawRecord) -> bool {
        self.standing(record) == Standing::Listed
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn aggregates(&self) -> usize {
        self.waiting.len()
    }

    /// How many events wait.
    pub(crate) fn events(&self) -> usize {
        self.waiting.values().map(BTreeSet::len).sum()
    }

    /// All that is kept in memory.
    pub(crate) fn letters(&self) -> usize {
        self.events() + self.dropped.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, sequence: u64) -> RawRecord {
        let bytes = |text: &str| text.to_owned().into_bytes().into();
        RawRecord {
            sequence,
            key: bytes(key),
            event_type: bytes("t"),
            traceparent: bytes(""),
            value: bytes(""),
        }
    }

    fn parked(letters: &[(&str, u64, Class)]) -> Parked {
        let mut parked = Parked::default();
        for (key, sequence, class) in letters {
            parked.add(&Letter::new(&record(key, *sequence), *class, ""));
        }
        parked
    }

    #[test]
    fn only_later_events_of_the_same_aggregate_wait() {
        let parked = parked(&[("a", 5, Class::Undecodable), ("a", 7, Class::Waiting)]);
        let of = |key, sequence| parked.standing(&record(key, sequence));
        assert_eq!([of("a", 4), of("b", 6)], [Standing::Free; 2]);
        assert_eq!([of("a", 5), of("a", 7)], [Standing::Listed; 2]);
        assert_eq!([of("a", 6), of("a", 8)], [Standing::Behind; 2]);
    }

    #[test]
    fn an_aggregate_of_which_nothing_waits_any_more_is_free_and_what_was_dropped_stays_out() {
        let mut parked = parked(&[("a", 5, Class::Rejected), ("a", 7, Class::Waiting)]);
        parked.drop_one("a", 5);
        parked.remove("a", 7);
        assert!(parked.is_empty());
        assert_eq!(parked.standing(&record("a", 5)), Standing::Listed);
        assert_eq!(parked.standing(&record("a", 8)), Standing::Free);
    }
}
