//! What was written last, so that it need not be read before it is written again. Bounded; never the truth: what it says wrongly
//! is refused as a conflict.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::document::Held;

/// The documents written last of one index.
pub(super) struct Cache {
    most_bytes: usize,
    halves: Mutex<Halves>,
}

/// When the newer half is full it becomes the older one, and the older one is forgotten.
#[derive(Default)]
struct Halves {
    newer: HashMap<String, Held>,
    older: HashMap<String, Held>,
    bytes: usize,
}

impl Cache {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self { most_bytes, halves: Mutex::default() }
    }

    /// Gives it away: whoever writes it puts it back once that has succeeded.
    pub(super) fn take(&self, id: &str) -> Option<Held> {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        halves.newer.remove(id).or_else(|| halves.older.remove(id))
    }

    pub(super) fn put(&self, written: Vec<(String, Held)>) {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, held) in written {
            halves.bytes += id.len() + held.bytes();
            halves.newer.insert(id, held);
            if halves.bytes > self.most_bytes / 2 {
                halves.older = std::mem::take(&mut halves.newer);
                halves.bytes = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(writes: u64) -> Held {
        Held { writes, parts: vec![None] }
    }

    #[test]
    fn it_forgets_the_oldest_and_never_grows_beyond_its_bound() {
        let cache = Cache::new(20 * 70);
        for number in 0..1_000 {
            cache.put(vec![(format!("{number:04}"), held(number))]);
        }
        let halves = cache.halves.lock().unwrap();
        assert!(halves.newer.len() + halves.older.len() <= 22);
        drop(halves);
        assert_eq!(cache.take("0999").map(|held| held.writes), Some(999));
        assert!(cache.take("0999").is_none(), "it was given away");
        assert!(cache.take("0001").is_none());
    }
}
