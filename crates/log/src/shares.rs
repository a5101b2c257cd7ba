//! What one process is given in each group, and what it says about its work. For tests, which say what is given to whom.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::port::Ownership;
use crate::record::Partition;
use crate::share::Share;

/// The shares of one process. Clones share everything.
#[derive(Clone, Default)]
pub struct Shares(Arc<Mutex<BTreeMap<String, Arc<Membership>>>>);

#[derive(Default)]
struct Membership {
    given: watch::Sender<Option<Ownership>>,
    applied: Mutex<BTreeMap<Partition, u64>>,
    members: AtomicUsize,
}

impl Shares {
    /// From now on these partitions are given to the process in this group, and no others.
    pub fn give(&self, group: &str, partitions: impl IntoIterator<Item = Partition>) {
        self.of(group).given.send_replace(Some(partitions.into_iter().collect()));
    }

    /// Up to where the process says that it has done a partition.
    #[must_use]
    pub fn applied(&self, group: &str, partition: &Partition) -> Option<u64> {
        locked(&self.of(group).applied).get(partition).copied()
    }

    /// Whether the process takes part in the group.
    #[must_use]
    pub fn takes_part(&self, group: &str) -> bool {
        self.of(group).members.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn join(&self, group: &str) -> Arc<dyn Share> {
        let membership = self.of(group);
        membership.members.fetch_add(1, Ordering::SeqCst);
        Arc::new(Part { membership, has_left: AtomicBool::default() })
    }

    fn of(&self, group: &str) -> Arc<Membership> {
        Arc::clone(locked(&self.0).entry(group.to_owned()).or_default())
    }
}

struct Part {
    membership: Arc<Membership>,
    has_left: AtomicBool,
}

impl Share for Part {
    fn given(&self) -> watch::Receiver<Option<Ownership>> {
        self.membership.given.subscribe()
    }

    fn applied(&self, partition: &Partition, sequence: u64) {
        let given = self.membership.given.borrow();
        if given.as_ref().is_some_and(|given| given.contains(partition)) {
            locked(&self.membership.applied).insert(partition.clone(), sequence);
        }
    }

    fn leave(&self) {
        if !self.has_left.swap(true, Ordering::SeqCst) {
            self.membership.members.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.leave();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
