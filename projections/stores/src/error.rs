//! How a store can fail, classed by what the caller does next.
//!
//! A message says what happened and what a person can do; it never carries the content of a row.

use std::path::PathBuf;

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Try again: it may work the next time.
    #[error("the store cannot answer now: {0}")]
    Transient(String),
    /// Try again later, and slower.
    #[error("the store is full or overloaded: {0}")]
    Saturated(String),
    /// It has lost what it had confirmed, as after a restart without its last writes: read its checkpoints again and go on from
    /// there.
    #[error("the store has gone back to an earlier state: {0}")]
    WentBack(String),
    /// This request will never work, others may: park what caused it.
    #[error("the store refuses this: {0}")]
    Rejected(String),
    /// Nothing will work until a person has looked: stop.
    #[error("the store has failed: {0}")]
    Fatal(String),
}

/// Why the stores of a directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds them.
    #[error(
        "{path} is in use by another process, most likely `chimera serve`; stop it first, or wait until it has ended"
    )]
    InUse {
        /// The database that is locked.
        path: PathBuf,
    },
    /// Written by another version of this program, or no database of it at all.
    #[error(
        "{path} has another format: {reason}; use the version that wrote it, or delete the directory and rebuild it \
         with `replay run --all`"
    )]
    OtherFormat {
        /// The database that was found.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// What is stored is not what was written.
    #[error(
        "{path} is damaged: {reason}; delete the directory and rebuild it with `replay run --all`"
    )]
    Damaged {
        /// The damaged database.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// The directory cannot be read or written.
    #[error("{path} cannot be opened: {reason}")]
    Unavailable {
        /// The database asked for.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}
