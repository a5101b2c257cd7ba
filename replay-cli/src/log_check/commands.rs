//! Whether every command took effect once: the events of one command stand together, and its id does not come again.
//!
//! A shard remembers an id for 24 hours of the log's own time (ADR 6), and for all aggregates of its partition alike; what comes
//! again later is caught by the rules, not by the id, and is no fault. Eight bytes a command are kept, so ten million take 80 MB at
//! most; hashes that come twice are only candidates, and are looked at again by their whole ids in a second reading.

use std::collections::{HashMap, HashSet};

use chimera_domain::recorded::Meta;
use chimera_domain::time::{SECOND, Timestamp};
use chimera_model::Change;
use xxhash_rust::xxh3::{Xxh3DefaultBuilder, xxh3_64, xxh3_128};

/// How long an id is remembered at least.
const REMEMBERED: i64 = 24 * 60 * 60 * SECOND;
/// How many candidates are looked at in one reading.
const MOST_CANDIDATES: usize = 500_000;

/// The commands of one partition, in the order of its events.
#[derive(Debug, Default)]
pub(super) struct Commands {
    hashes: Vec<u64>,
    last: Option<Command>,
}

/// What the events of one command have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Command {
    id: u128,
    key: u64,
    recorded_at: Timestamp,
    writer_term: u64,
}

impl Command {
    fn of(change: &Change) -> Self {
        let meta = change.meta();
        Self {
            id: xxh3_128(id(meta).as_bytes()),
            key: xxh3_64(change.key().as_bytes()),
            recorded_at: meta.recorded_at,
            writer_term: meta.writer_term,
        }
    }

    fn short(&self) -> u64 {
        // The lower half, on purpose.
        u64::try_from(self.id & u128::from(u64::MAX)).unwrap_or_default()
    }
}

/// Without the fingerprint of the body: the same id with another body is the same command.
fn id(meta: &Meta) -> &str {
    match meta.command_id.rsplit_once('#') {
        Some((id, fingerprint)) if u64::from_str_radix(fingerprint, 16).is_ok() => id,
        Some(_) | None => &meta.command_id,
    }
}

impl Commands {
    pub(super) fn note(&mut self, change: &Change) {
        let command = Command::of(change);
        if self.last != Some(command) {
            self.hashes.push(command.short());
            self.last = Some(command);
        }
    }

    /// What may have come twice, in portions; most often nothing.
    pub(super) fn candidates(mut self) -> Vec<Candidates> {
        self.hashes.sort_unstable();
        let mut twice: Vec<u64> =
            self.hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        twice.dedup();
        let portions = twice.chunks(MOST_CANDIDATES);
        portions.map(|some| Candidates::of(some.iter().copied().collect())).collect()
    }
}

/// Commands to be looked at again.
#[derive(Debug)]
pub(super) struct Candidates {
    hashes: HashSet<u64, Xxh3DefaultBuilder>,
    /// Where each was met last, by its whole id.
    met: HashMap<u128, (u64, Timestamp), Xxh3DefaultBuilder>,
    last: Option<Command>,
}

impl Candidates {
    fn of(hashes: HashSet<u64, Xxh3DefaultBuilder>) -> Self {
        Self { hashes, met: HashMap::default(), last: None }
    }

    /// What is wrong with an event, where it begins a command that had taken effect before.
    pub(super) fn look(&mut self, change: &Change) -> Option<String> {
        let (command, sequence) = (Command::of(change), change.meta().sequence);
        if self.last == Some(command) {
            return None;
        }
        self.last = Some(command);
        if !self.hashes.contains(&command.short()) {
            return None;
        }
        let before = self.met.insert(command.id, (sequence, command.recorded_at));
        let (first, recorded_at) = before?;
        let since = command.recorded_at.0.saturating_sub(recorded_at.0);
        if since >= REMEMBERED {
            return None;
        }
        let id = id(change.meta());
        Some(format!("the command {id} took effect at sequence {first}, and here again"))
    }
}

#[cfg(test)]
mod tests {
    use chimera_domain::product;
    use chimera_domain::recorded::Recorded;
    use chimera_model::testing::meta;

    use super::*;

    fn event(sequence: u64, key: &str, command: &str, minute: i64) -> Change {
        let mut meta = meta(1, sequence, minute);
        meta.command_id = command.into();
        Change::Product(Recorded {
            partition: 0,
            key: key.into(),
            meta,
            event: product::Event::Relisted {},
        })
    }

    fn faults(changes: &[Change]) -> Vec<u64> {
        let mut commands = Commands::default();
        for change in changes {
            commands.note(change);
        }
        let mut faults = vec![];
        for mut candidates in commands.candidates() {
            let wrong = changes.iter().filter(|change| candidates.look(change).is_some());
            faults.extend(wrong.map(|change| change.meta().sequence));
        }
        faults
    }

    #[test]
    fn the_events_of_one_command_stand_together() {
        let sound = [event(1, "a", "x", 1), event(2, "a", "x", 1), event(3, "b", "y#0a", 1)];
        assert!(faults(&sound).is_empty());
        let parted = [event(1, "a", "x", 1), event(2, "b", "y", 1), event(3, "a", "x", 1)];
        assert_eq!(faults(&parted), [3]);
    }

    #[test]
    fn a_command_that_is_done_again_is_found_even_right_behind_the_first_and_with_another_body() {
        assert_eq!(faults(&[event(1, "a", "x", 1), event(2, "a", "x", 2)]), [2]);
        assert_eq!(faults(&[event(1, "a", "x", 1), event(2, "b", "x", 1)]), [2]);
        assert_eq!(faults(&[event(1, "a", "x#01", 1), event(2, "a", "x#02", 9)]), [2]);
        assert!(faults(&[event(1, "a", "x#no", 1), event(2, "a", "x#ne", 9)]).is_empty());
    }

    #[test]
    fn what_is_no_longer_remembered_may_come_again() {
        let day = 24 * 60;
        assert!(faults(&[event(1, "a", "x", 0), event(2, "a", "x", day)]).is_empty());
        assert_eq!(faults(&[event(1, "a", "x", 0), event(2, "a", "x", day - 1)]), [2]);
    }

    #[test]
    fn each_of_many_repeats_is_found_however_many_commands_are_between() {
        let mut changes: Vec<Change> =
            (1..=2_000).map(|n| event(n, &format!("a{n}"), &format!("c{n}"), 1)).collect();
        for (sequence, again) in [(2_001, 7), (2_002, 1_999), (2_003, 7)] {
            changes.push(event(sequence, "late", &format!("c{again}"), 2));
        }
        assert_eq!(faults(&changes), [2_001, 2_002, 2_003]);
    }
}
