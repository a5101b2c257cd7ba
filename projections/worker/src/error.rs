//! Why a read model stands still until a person has looked. What may work the next time is retried and is no error here.

use chimera_log::{Partition, ReadError};
use chimera_stores::{StoreError, View};

use crate::dead_letters::MOST_LETTERS;

/// Why feeding a view has stopped. Its checkpoint stands before the event or batch that is named; nothing was skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// A store has failed.
    #[error("{view} stopped after sequence {applied} of {partition}: {source}")]
    Store {
        /// What was fed.
        view: View,
        /// From where.
        partition: Partition,
        /// The last that was applied.
        applied: u64,
        /// What the store says.
        source: StoreError,
    },
    /// There are so many dead letters that something is wrong with more than single events.
    #[error(
        "{view} stopped after sequence {applied} of {partition}: {MOST_LETTERS} dead letters are the most of a partition; \
         see with `replay dlq list` what is wrong, then ask for a retry or a drop, which is carried out at the next start, or rebuild \
         with `replay run`"
    )]
    TooManyLetters {
        /// What was fed.
        view: View,
        /// From where.
        partition: Partition,
        /// The last that was applied.
        applied: u64,
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
            Self::TooManyLetters { .. } | Self::Ahead { .. } | Self::Task { .. } => false,
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
