//! What a shard knows of what its checkpoint store holds: whether a key may be in it at all. Most commands are new, and so are
//! many aggregates; asking the store for each of them would cost more than deciding it.
//!
//! What this shard has saved is in a filter. What lay in the store before it began is read into another one in the background,
//! from the first checkpoint on; until that is done, the store is asked. When much has been saved, all of it is read anew,
//! since the store forgets; and where too much is stored, the store is asked always. Never says of a stored key that it is not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::filter::Filter;
use crate::checkpoint::CheckpointError;

/// The most keys in a filter: 8 MiB of it, and up to half as much that is not filled yet.
const MOST: usize = 1 << 22;

/// Goes through the hashes of all keys in the store, until it is told that no more are wanted.
pub(super) type ReadAll =
    Arc<dyn Fn(&mut dyn FnMut(u64) -> bool) -> Result<(), CheckpointError> + Send + Sync>;

pub(super) struct Stored {
    read_all: ReadAll,
    /// What was there before.
    before: Before,
    /// What was saved since.
    since: Filter,
    most: usize,
}

enum Before {
    Nothing,
    /// Something, to be read.
    Something,
    Reading(Reading),
    Known(Filter),
    /// It cannot be read, or is too much.
    Unknown,
}

struct Reading {
    thread: Option<JoinHandle<Result<Filter, CheckpointError>>>,
    stop: Arc<AtomicBool>,
    most: usize,
}

impl Stored {
    /// What is known of a store in which something is, or nothing; `read_all` finds all that is in it.
    pub(super) fn new(is_something: bool, read_all: ReadAll) -> Self {
        let before = if is_something { Before::Something } else { Before::Nothing };
        Self { read_all, before, since: Filter::default(), most: MOST }
    }

    /// Whether the store may hold the key of this hash.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        let may_have_held = match &self.before {
            Before::Nothing => false,
            Before::Something | Before::Reading(_) | Before::Unknown => true,
            Before::Known(filter) => filter.may_hold(hash),
        };
        may_have_held || self.since.may_hold(hash)
    }

    /// The key of this hash will be saved.
    pub(super) fn add(&mut self, hash: u64) {
        self.since.add(hash);
    }

    /// A checkpoint was saved, with all that was added: the shard has settled, and what is in the store may be read.
    pub(super) fn saved(&mut self) {
        match &mut self.before {
            Before::Something => {
                let reading = Reading::begin(Arc::clone(&self.read_all), self.most);
                self.before = reading.map_or(Before::Unknown, Before::Reading);
            }
            Before::Reading(reading) => {
                if let Some(before) = reading.finished() {
                    self.before = before;
                }
            }
            Before::Nothing | Before::Known(_) | Before::Unknown => {
                if self.since.len() > self.most {
                    self.since = Filter::default();
                    self.before = Before::Something;
                }
            }
        }
    }
}

impl Reading {
    /// None without a thread: then the store is asked for ever, which is only slower.
    fn begin(read_all: ReadAll, most: usize) -> Option<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let read = move || {
            let mut filter = Filter::default();
            read_all(&mut |hash| {
                filter.add(hash);
                filter.len() <= most && !stopping.load(Ordering::Relaxed)
            })?;
            Ok(filter)
        };
        let thread = thread::Builder::new().name("known keys".to_owned()).spawn(read).ok()?;
        Some(Self { thread: Some(thread), stop, most })
    }

    /// What is known once the reading has ended.
    fn finished(&mut self) -> Option<Before> {
        let thread = self.thread.take_if(|thread| thread.is_finished())?;
        match thread.join() {
            Ok(Ok(filter)) if filter.len() > self.most => Some(Before::Unknown),
            Ok(Ok(filter)) => Some(Before::Known(filter)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the keys of a checkpoint cannot be read; it is asked for each");
                Some(Before::Unknown)
            }
            Err(_) => Some(Before::Unknown),
        }
    }
}

impl Drop for Reading {
    /// The store may be opened anew as soon as its shards have ended.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(is_something: bool, hashes: &[u64]) -> Stored {
        let hashes = hashes.to_vec();
        Stored::new(
            is_something,
            Arc::new(move |see| {
                let _ = hashes.iter().all(|hash| see(*hash));
                Ok(())
            }),
        )
    }

    fn read_out(stored: &mut Stored) {
        while !matches!(stored.before, Before::Known(_) | Before::Unknown) {
            stored.saved();
            thread::yield_now();
        }
    }

    #[test]
    fn an_empty_store_holds_what_was_saved() {
        let mut stored = of(false, &[]);
        assert!(!stored.may_hold(7));
        stored.add(7);
        assert!(stored.may_hold(7) && !stored.may_hold(8));
    }

    #[test]
    fn a_store_that_is_not_read_yet_may_hold_anything_and_then_what_it_holds() {
        let mut stored = of(true, &[7]);
        stored.add(9);
        assert!(stored.may_hold(8));
        read_out(&mut stored);
        assert!(stored.may_hold(7) && stored.may_hold(9) && !stored.may_hold(8));
    }

    #[test]
    fn a_store_that_cannot_be_read_may_hold_anything() {
        let mut stored = Stored::new(
            true,
            Arc::new(|_| Err(CheckpointError::Unavailable("it is gone".to_owned()))),
        );
        read_out(&mut stored);
        assert!(stored.may_hold(8));
    }

    #[test]
    fn when_much_was_saved_the_store_says_anew_what_it_holds() {
        let mut stored = Stored { most: 3, ..of(false, &[5]) };
        for hash in 1..=4 {
            stored.add(hash);
        }
        stored.saved();
        assert!(stored.may_hold(8));
        read_out(&mut stored);
        assert!(stored.may_hold(5) && !stored.may_hold(1));
    }

    #[test]
    fn a_store_that_holds_too_much_may_hold_anything() {
        let mut stored = Stored { most: 3, ..of(true, &[1, 2, 3, 4, 5]) };
        read_out(&mut stored);
        assert!(stored.may_hold(8));
    }
}
