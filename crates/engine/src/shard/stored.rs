//! What a shard knows of what its checkpoint store holds: whether a key may be in it at all. Most commands are new, and so are
//! many aggregates; asking the store for each of them would cost more than deciding it.
//!
//! What this shard has saved is in a filter. What lay in the store before it began is read into another one in the background,
//! from the first checkpoint on; until that is done, the store is asked. Never says of a stored key that it is not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::filter::Filter;
use crate::checkpoint::CheckpointError;

/// Goes through the hashes of all keys in the store, until it is told that no more are wanted.
pub(super) type ReadAll =
    Box<dyn FnOnce(&mut dyn FnMut(u64) -> bool) -> Result<(), CheckpointError> + Send>;

pub(super) struct Stored {
    /// What was there before.
    before: Before,
    /// What was saved since.
    since: Filter,
}

enum Before {
    Nothing,
    /// Something; which keys is not known.
    Something(Option<ReadAll>),
    Reading(Reading),
    Known(Filter),
}

struct Reading {
    thread: Option<JoinHandle<Result<Filter, CheckpointError>>>,
    stop: Arc<AtomicBool>,
}

impl Stored {
    pub(super) fn nothing() -> Self {
        Self { before: Before::Nothing, since: Filter::default() }
    }

    /// A store with something in it, all of which `read_all` finds.
    pub(super) fn something(read_all: ReadAll) -> Self {
        Self { before: Before::Something(Some(read_all)), since: Filter::default() }
    }

    /// Whether the store may hold the key of this hash.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        let may_have_held = match &self.before {
            Before::Nothing => false,
            Before::Something(_) | Before::Reading(_) => true,
            Before::Known(filter) => filter.may_hold(hash),
        };
        may_have_held || self.since.may_hold(hash)
    }

    /// The key of this hash will be saved.
    pub(super) fn add(&mut self, hash: u64) {
        self.since.add(hash);
    }

    /// A checkpoint was saved: the shard has settled, and what was there before it may be read.
    pub(super) fn saved(&mut self) {
        match &mut self.before {
            Before::Something(read_all) => {
                if let Some(read_all) = read_all.take()
                    && let Some(reading) = Reading::begin(read_all)
                {
                    self.before = Before::Reading(reading);
                }
            }
            Before::Reading(reading) => {
                if let Some(before) = reading.finished() {
                    self.before = before;
                }
            }
            Before::Nothing | Before::Known(_) => {}
        }
    }
}

impl Reading {
    fn begin(read_all: ReadAll) -> Option<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let read = move || {
            let mut filter = Filter::default();
            read_all(&mut |hash| {
                filter.add(hash);
                !stopping.load(Ordering::Relaxed)
            })?;
            Ok(filter)
        };
        // Without a thread the store is asked for ever, which is only slower.
        let thread = thread::Builder::new().name("known keys".to_owned()).spawn(read).ok()?;
        Some(Self { thread: Some(thread), stop })
    }

    /// What is known once the reading has ended.
    fn finished(&mut self) -> Option<Before> {
        let thread = self.thread.take_if(|thread| thread.is_finished())?;
        match thread.join() {
            Ok(Ok(filter)) => Some(Before::Known(filter)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the keys of a checkpoint cannot be read; it is asked for each");
                Some(Before::Something(None))
            }
            Err(_) => Some(Before::Something(None)),
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

    fn reading(hashes: &'static [u64]) -> Stored {
        Stored::something(Box::new(move |see| {
            for hash in hashes {
                if !see(*hash) {
                    break;
                }
            }
            Ok(())
        }))
    }

    fn read_out(stored: &mut Stored) {
        while !matches!(stored.before, Before::Known(_) | Before::Something(None)) {
            stored.saved();
            thread::yield_now();
        }
    }

    #[test]
    fn an_empty_store_holds_what_was_saved() {
        let mut stored = Stored::nothing();
        assert!(!stored.may_hold(7));
        stored.add(7);
        assert!(stored.may_hold(7) && !stored.may_hold(8));
    }

    #[test]
    fn a_store_that_is_not_read_yet_may_hold_anything_and_then_what_it_holds() {
        let mut stored = reading(&[7]);
        stored.add(9);
        assert!(stored.may_hold(8));
        read_out(&mut stored);
        assert!(stored.may_hold(7) && stored.may_hold(9) && !stored.may_hold(8));
    }

    #[test]
    fn a_store_that_cannot_be_read_may_hold_anything() {
        let mut stored = Stored::something(Box::new(|_| {
            Err(CheckpointError::Unavailable("it is gone".to_owned()))
        }));
        read_out(&mut stored);
        assert!(stored.may_hold(8));
    }
}
