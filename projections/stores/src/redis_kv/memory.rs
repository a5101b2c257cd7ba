//! What this process knows of views: their layouts, and how far each partition was last known to be applied.
//!
//! A Redis that comes back with less than was known has gone back. What is known of a partition only grows, whoever reads
//! checkpoints meanwhile, until its writer has been told: otherwise a writer that still believes more would go on behind a gap.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::layout::Layout;
use crate::view::{Checkpoint, View};

/// Knowledge of all views; lost with the process, and then taken from Redis again.
#[derive(Default)]
pub(super) struct Memory {
    views: Mutex<HashMap<View, Known>>,
}

#[derive(Default)]
struct Known {
    layout: Option<Arc<Layout>>,
    applied: HashMap<(Arc<str>, u32), u64>,
}

impl Memory {
    /// The layout of a view that this process has made or found.
    pub(super) fn layout(&self, view: View) -> Option<Arc<Layout>> {
        self.lock().get(&view)?.layout.clone()
    }

    /// Keeps that the view is there.
    pub(super) fn found(&self, view: View, layout: Arc<Layout>) {
        self.lock().entry(view).or_default().layout = Some(layout);
    }

    /// Forgets a view that was removed.
    pub(super) fn forget(&self, view: View) {
        self.lock().remove(&view);
    }

    /// Up to where the partition of this checkpoint must have been applied; 0 where nothing is known.
    pub(super) fn applied(&self, view: View, checkpoint: &Checkpoint) -> u64 {
        let views = self.lock();
        let applied = views.get(&view).and_then(|known| known.applied.get(&key(checkpoint)));
        applied.copied().unwrap_or(0)
    }

    /// Keeps what was read or written, where that is more than was known.
    pub(super) fn reached(&self, view: View, checkpoints: &[Checkpoint]) {
        let mut views = self.lock();
        let known = views.entry(view).or_default();
        for checkpoint in checkpoints {
            let applied = known.applied.entry(key(checkpoint)).or_default();
            *applied = checkpoint.sequence.max(*applied);
        }
    }

    /// Forgets the partitions whose writer is now told that Redis has gone back.
    pub(super) fn told(&self, view: View, checkpoints: &[Checkpoint]) {
        if let Some(known) = self.lock().get_mut(&view) {
            for checkpoint in checkpoints {
                known.applied.remove(&key(checkpoint));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<View, Known>> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(checkpoint: &Checkpoint) -> (Arc<str>, u32) {
    (checkpoint.stream.clone(), checkpoint.partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: View = View::new("orders", 1);

    fn at(partition: u32, sequence: u64) -> Checkpoint {
        Checkpoint { stream: "orders".into(), partition, sequence }
    }

    #[test]
    fn what_is_known_grows_until_its_writer_is_told() {
        let memory = Memory::default();
        memory.reached(VIEW, &[at(0, 5), at(1, 5)]);
        memory.reached(VIEW, &[at(0, 3), at(1, 7)]);
        assert_eq!((memory.applied(VIEW, &at(0, 0)), memory.applied(VIEW, &at(1, 0))), (5, 7));
        memory.told(VIEW, &[at(0, 6)]);
        assert_eq!((memory.applied(VIEW, &at(0, 0)), memory.applied(VIEW, &at(1, 0))), (0, 7));
    }

    #[test]
    fn a_removed_view_is_not_known() {
        let memory = Memory::default();
        memory.found(VIEW, Arc::new(Layout::of(&[]).unwrap()));
        memory.reached(VIEW, &[at(0, 5)]);
        memory.forget(VIEW);
        assert_eq!((memory.layout(VIEW), memory.applied(VIEW, &at(0, 0))), (None, 0));
    }
}
