//! How many transactions of a process run at once. Each costs Kafka and this process about the same, however many records it
//! has: where many partitions want to commit, those that wait their turn gather more records meanwhile, and all are done sooner.
//!
//! Never holds anybody up for long: a turn that does not end, since a broker is gone, is passed over.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a turn is waited for at most.
const PATIENCE: Duration = Duration::from_millis(25);

pub(crate) struct Turns {
    at_once: usize,
    patience: Duration,
    taken: Mutex<usize>,
    given_back: Condvar,
}

/// A turn; given back when it is dropped.
pub(crate) struct Turn<'a>(&'a Turns);

impl Turns {
    pub(crate) fn new(at_once: usize) -> Self {
        let (taken, given_back) = (Mutex::default(), Condvar::new());
        Self { at_once, patience: PATIENCE, taken, given_back }
    }

    /// Waits for a turn, for a while.
    pub(crate) fn take(&self) -> Turn<'_> {
        let none_left = |taken: &mut usize| *taken >= self.at_once;
        let waited = self.given_back.wait_timeout_while(self.taken(), self.patience, none_left);
        let (mut taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Turn(self)
    }

    fn taken(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.taken() -= 1;
        self.0.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Instant;

    use super::*;

    #[test]
    fn no_more_than_allowed_run_at_once_and_all_have_their_turn() {
        let turns = Turns { patience: Duration::from_mins(10), ..Turns::new(2) };
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let turn = turns.take();
                        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        running.fetch_sub(1, Ordering::SeqCst);
                        drop(turn);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert_eq!(*turns.taken(), 0);
    }

    #[test]
    fn a_turn_that_does_not_end_is_passed_over() {
        let turns = Turns::new(1);
        let _stuck = turns.take();
        let begun = Instant::now();
        drop(turns.take());
        assert!(begun.elapsed() >= PATIENCE);
    }
}
