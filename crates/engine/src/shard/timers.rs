//! What falls due by itself in a partition, earliest first.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chimera_domain::time::Timestamp;
use foldhash::fast::RandomState;

/// At most one timer an aggregate.
#[derive(Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeSet<(Timestamp, Arc<str>)>,
    by_key: HashMap<Arc<str>, Timestamp, RandomState>,
}

impl Timers {
    /// All timers of a checkpoint, one an aggregate; far quicker than one by one.
    pub(super) fn of(timers: Vec<(Timestamp, Arc<str>)>) -> Self {
        let by_key = timers.iter().map(|(due, key)| (Arc::clone(key), *due)).collect();
        Self { by_key, by_time: timers.into_iter().collect() }
    }

    /// Sets, moves or removes the timer of an aggregate.
    pub(super) fn set(&mut self, key: &Arc<str>, due: Option<Timestamp>) {
        let before = match due {
            Some(due) => self.by_key.insert(Arc::clone(key), due),
            None => self.by_key.remove(key),
        };
        if before == due {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, Arc::clone(key)));
        }
        if let Some(due) = due {
            self.by_time.insert((due, Arc::clone(key)));
        }
    }

    /// Up to `most` aggregates whose time has come, earliest first.
    pub(super) fn due(&self, now: Timestamp, most: usize) -> Vec<(Timestamp, Arc<str>)> {
        self.by_time.iter().take_while(|(due, _)| *due <= now).take(most).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_of_a_checkpoint_are_as_if_set_one_by_one() {
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let mut timers =
            Timers::of(vec![(Timestamp(5), Arc::clone(&a)), (Timestamp(3), Arc::clone(&b))]);
        timers.set(&b, None);
        assert_eq!(timers.due(Timestamp(9), 9), [(Timestamp(5), a)]);
    }

    #[test]
    fn a_timer_is_set_moved_and_removed() {
        let mut timers = Timers::default();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        timers.set(&a, Some(Timestamp(5)));
        timers.set(&b, Some(Timestamp(3)));
        assert_eq!(timers.due(Timestamp(4), 9), [(Timestamp(3), Arc::clone(&b))]);
        timers.set(&b, Some(Timestamp(9)));
        assert_eq!(timers.due(Timestamp(5), 9), [(Timestamp(5), Arc::clone(&a))]);
        timers.set(&a, None);
        assert_eq!(timers.due(Timestamp(9), 9), [(Timestamp(9), b)]);
    }
}
