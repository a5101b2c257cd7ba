//! How backing up and restoring can fail, in words that say what to do. Never carries an event's bytes.

use chimera_log::{AppendError, ClaimError, ReadError};

/// Why a restore point was not written, read or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The place is no place, or a key is no key.
    #[error("{0}")]
    Usage(String),
    /// The object store refuses or does not answer.
    #[error("{place}: {action}: {reason}")]
    Store {
        /// Which one.
        place: String,
        /// What was tried.
        action: String,
        /// What it said.
        reason: String,
    },
    /// What lies there is not what was written. Never used, never skipped.
    #[error("{object} is damaged: {reason}")]
    Damaged {
        /// The object, from the place on.
        object: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// A restore point is not what its signature says, or is by somebody else.
    #[error("the restore point {point} is not to be trusted: {reason}")]
    Untrusted {
        /// Its name.
        point: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A partition cannot be claimed.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// Events cannot be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The schemas' home refuses or does not answer.
    #[error("the schemas: {0}")]
    Schemas(String),
    /// The target is not one that this can be restored into.
    #[error("{0}")]
    Refused(String),
    /// A part of the work ended before its end.
    #[error("the work ended early: {0}")]
    Broken(String),
}

impl BackupError {
    pub(crate) fn damaged(object: &str, reason: impl Into<String>) -> Self {
        Self::Damaged { object: object.to_owned(), reason: reason.into() }
    }
}

impl From<tokio::task::JoinError> for BackupError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Broken(error.to_string())
    }
}
