//! The engine: one writer per partition that decides, appends and answers; and what runs beside it.
//!
//! Generic over [`chimera_domain::aggregate::Aggregate`]: a new aggregate needs no change here. Knows no particular log,
//! store, transport or rule.

mod checkpoint;
mod clock;
mod engine;
mod event_id;
mod forward;
mod global_table;
mod keeper;
mod mailbox;
pub mod metric_names;
mod patience;
mod process;
mod request;
mod router;
mod seat;
mod shard;
mod slot;

#[cfg(any(test, feature = "testing"))]
pub use checkpoint::MemoryCheckpoints;
pub use checkpoint::{
    CheckpointError, CheckpointStore, CommandRecord, Restored, SavedState, Snapshot,
};
#[cfg(any(test, feature = "testing"))]
pub use clock::ManualClock;
pub use clock::{Clock, SystemClock};
pub use engine::{Engine, EngineOptions, Shards, StartError};
pub use forward::{
    Cluster, FORMAT, Forwarded, ForwardedCommand, ForwardedFailure, ForwardedRead,
    ForwardedReceipt, ForwardedState, LocalStream, Peers, Target, Unanswered,
};
pub use global_table::{FoldEntry, GlobalTable};
pub use mailbox::{Phase, ShardStatus};
pub use process::{Process, ProcessOptions, ProcessRunner, Unfinished};
pub use request::{CommandId, Current, Failure, Origin, Position, Receipt, Request};
pub use router::Router;
