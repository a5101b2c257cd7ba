//! The event log as the rest of Chimera sees it: partitions with one fenced writer each and any number of readers.
//!
//! Owns the ports (the log, and the control log beside it) and the in-memory adapters. Knows nothing of what a record means, of aggregates, or of any real log.

mod batch;
#[cfg(feature = "testing")]
pub mod contract;
mod control;
mod ends;
mod error;
#[cfg(feature = "testing")]
mod faulty;
mod memory;
mod partitioner;
mod port;
mod record;
mod share;
#[cfg(feature = "testing")]
mod shared;
#[cfg(feature = "testing")]
mod shares;

pub use batch::Batch;
pub use control::{Control, ControlError, Controls, Decision, MemoryControl};
pub use ends::ends;
pub use error::{AppendError, ClaimError, ReadError};
#[cfg(feature = "testing")]
pub use faulty::{Fault, FaultPlan, FaultyLog, Injected};
pub use memory::MemoryLog;
pub use partitioner::{murmur2, partition_of};
pub use port::{Appended, Bookmarks, EventLog, Owner, Owners, Ownership, Reader, Writer};
pub use record::{Entry, Partition, RawBatch, RawRecord, StreamSpec};
pub use share::{Share, Whole};
#[cfg(feature = "testing")]
pub use shared::{MemberLog, SharedLog};
#[cfg(feature = "testing")]
pub use shares::Shares;
