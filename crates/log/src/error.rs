//! How a log can fail, classed by what the caller does next.

use crate::record::Partition;

/// Why an append was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Another writer has claimed the partition: drop the state and ask whether it is still ours.
    #[error("a newer writer has claimed {partition}")]
    Fenced {
        /// The partition that was lost.
        partition: Partition,
    },
    /// Nothing was written: the batch may be refused to its callers, who may try again.
    #[error("the log cannot take an append on {partition}: {reason}")]
    Unavailable {
        /// Where the batch should have gone.
        partition: Partition,
        /// What an operator can act on.
        reason: String,
    },
    /// The batch may or may not be in the log. Unknown is not failed: claim again and look.
    #[error("it is unknown whether an append on {partition} took effect: {reason}")]
    Indeterminate {
        /// Where the batch may stand.
        partition: Partition,
        /// What an operator can act on.
        reason: String,
        /// Another writer has claimed the partition: ask whether it is still ours before claiming again.
        fenced: bool,
    },
}

/// Why a partition could not be claimed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// No such stream or partition.
    #[error("there is no partition {0}; create the stream first")]
    UnknownPartition(Partition),
    /// Another process has claimed it at the same time: ask whether it is still ours, and claim again.
    #[error("another process claimed {0} at the same time")]
    Contested(Partition),
    /// The log is there but cannot answer now.
    #[error("{partition} cannot be claimed: {reason}")]
    Unavailable {
        /// The partition asked for.
        partition: Partition,
        /// What an operator can act on.
        reason: String,
    },
}

/// Why records could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No such stream or partition.
    #[error("there is no partition {0}; create the stream first")]
    UnknownPartition(Partition),
    /// What is stored is not what was written. Never served, never skipped.
    #[error("{partition} is damaged at sequence {sequence} ({place}): {reason}")]
    Corrupt {
        /// The damaged partition.
        partition: Partition,
        /// The first sequence that cannot be trusted.
        sequence: u64,
        /// File and byte offset, or the like.
        place: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// The log is there but cannot answer now.
    #[error("{partition} cannot be read: {reason}")]
    Unavailable {
        /// The partition read.
        partition: Partition,
        /// What an operator can act on.
        reason: String,
    },
    /// The log has been closed; nothing more will come.
    #[error("the log is closed")]
    Closed,
}
