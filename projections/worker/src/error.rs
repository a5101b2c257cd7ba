//! Why a read model stands still until a person has looked. What may work the next time is retried and is no error here.

use chimera_codec::CodecError;
use chimera_log::{Partition, ReadError};
use chimera_stores::{StoreError, View};

/// Why feeding a view has stopped. Its checkpoint stands before the event or batch that is named; nothing was skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// One event cannot be read: what comes after it must wait.
    #[error("{view} stopped at sequence {sequence} of {partition} (aggregate {key}): {source}")]
    Undecodable {
        /// What was fed.
        view: View,
        /// Where the event stands.
        partition: Partition,
        /// Which event.
        sequence: u64,
        /// Of which aggregate.
        key: String,
        /// What is wrong with it.
        source: Box<CodecError>,
    },
    /// The store refuses one of these events, or has failed.
    #[error("{view} stopped between sequence {first} and {last} of {partition}: {source}")]
    Store {
        /// What was fed.
        view: View,
        /// Where the events stand.
        partition: Partition,
        /// The first of the batch.
        first: u64,
        /// The last of the batch.
        last: u64,
        /// What the store says.
        source: StoreError,
    },
    /// The view cannot be opened.
    #[error("{view} cannot be opened: {source}")]
    View {
        /// What should be fed.
        view: View,
        /// What the store says.
        source: StoreError,
    },
    /// The log is damaged or has no such partition.
    #[error("{view} stopped: {source}")]
    Log {
        /// What was fed.
        view: View,
        /// What the log says.
        source: Box<ReadError>,
    },
    /// The view knows more than the log does: it was made from another one.
    #[error(
        "{view} has applied {partition} up to sequence {applied}, and the log ends at {last}: it was built from another \
         log; restore that log, or rebuild with `replay run`"
    )]
    Ahead {
        /// What should be fed.
        view: View,
        /// Where they disagree.
        partition: Partition,
        /// The view's checkpoint.
        applied: u64,
        /// The log's last sequence.
        last: u64,
    },
    /// A part of the program ended by itself.
    #[error("{view} stopped: a task of it was ended from outside or panicked")]
    Task {
        /// What was fed.
        view: View,
    },
}

impl Halt {
    pub(crate) fn of_log(view: View, source: ReadError) -> Self {
        Self::Log { view, source: Box::new(source) }
    }

    /// Whether it may work the next time, and nobody has to look.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::View { source, .. } | Self::Store { source, .. } => may_pass(source),
            Self::Log { source, .. } => matches!(**source, ReadError::Unavailable { .. }),
            Self::Undecodable { .. } | Self::Ahead { .. } | Self::Task { .. } => false,
        }
    }

    /// Whether the log was merely closed, as at the end of the program.
    #[must_use]
    pub fn is_end_of_log(&self) -> bool {
        matches!(self, Self::Log { source, .. } if **source == ReadError::Closed)
    }
}

pub(crate) fn may_pass(error: &StoreError) -> bool {
    match error {
        StoreError::Transient(_) | StoreError::Saturated(_) | StoreError::WentBack(_) => true,
        StoreError::Rejected(_) | StoreError::Fatal(_) => false,
    }
}
