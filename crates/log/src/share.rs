//! How the processes that do the same work share its partitions: who is given what, and how far each has come.
//!
//! A share only spreads the work. It fences nobody: two processes may do the same partition for a moment, so whatever is done
//! under a share must bear being done twice.

use tokio::sync::watch;

use crate::error::ReadError;
use crate::port::Ownership;
use crate::record::{Partition, StreamSpec};

/// What one process is given of some streams, as a member of a named group. Whoever drops it leaves.
pub trait Share: Send + Sync {
    /// The partitions that are given to this process; none until the group has said so for the first time. A partition that is
    /// given to this process before and after a change is never missing in between.
    fn given(&self) -> watch::Receiver<Option<Ownership>>;

    /// Everything up to `sequence` of `partition` is done. Kept for whoever looks at the group with other tools, and lazily:
    /// never a position to go on from. Ignored for a partition that is not given to this process.
    fn applied(&self, partition: &Partition, sequence: u64);

    /// Gives everything back for good, so that others take over at once. Blocks for a moment.
    fn leave(&self);
}

/// Everything, always: where one process does all the work.
pub struct Whole {
    given: watch::Sender<Option<Ownership>>,
}

impl Whole {
    /// All partitions of the wanted streams.
    ///
    /// # Errors
    /// [`ReadError::UnknownPartition`] if a wanted stream is not among those that are there.
    pub fn of(present: &[StreamSpec], wanted: &[&str]) -> Result<Self, ReadError> {
        let mut all = Ownership::new();
        for name in wanted {
            let Some(stream) = present.iter().find(|stream| &*stream.name == *name) else {
                return Err(ReadError::UnknownPartition(Partition::new(name, 0)));
            };
            for index in 0..stream.partitions {
                all.insert(Partition { stream: stream.name.clone(), index });
            }
        }
        Ok(Self { given: watch::Sender::new(Some(all)) })
    }
}

impl Share for Whole {
    fn given(&self) -> watch::Receiver<Option<Ownership>> {
        self.given.subscribe()
    }

    fn applied(&self, _: &Partition, _: u64) {}

    fn leave(&self) {}
}
