//! Why a log could not be opened. Owns no other error: those of a running log belong to the port.

use std::io;
use std::path::{Path, PathBuf};

use chimera_log::Partition;

/// Why the directory was refused. Nothing in it has been changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another log in this one, has it open.
    #[error("the log in {} is in use by another process; one at a time may open it", dir.display())]
    Locked {
        /// The log's directory.
        dir: PathBuf,
    },
    /// The file system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// What could not be read or written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The list of streams is damaged, of another format, or names what is not there.
    #[error("{}: {reason}", path.display())]
    Manifest {
        /// The manifest, or what it names.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// What is stored is not what was written.
    #[error(
        "{partition} is damaged at sequence {sequence} ({}, byte {offset}): {reason}; \
         restore the file from a backup",
        file.display()
    )]
    Corrupt {
        /// The damaged partition.
        partition: Partition,
        /// The first sequence that cannot be trusted.
        sequence: u64,
        /// The damaged segment.
        file: PathBuf,
        /// Where in the file.
        offset: u64,
        /// What was expected and what was found.
        reason: String,
    },
}

impl OpenError {
    /// For `map_err`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}
