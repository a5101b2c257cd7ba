//! Why there is no export.

use std::path::{Path, PathBuf};

use chimera_log::ReadError;

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What is asked for cannot be done as it stands; nothing was touched.
    #[error("{0}")]
    Refused(String),
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file or directory could not be written.
    #[error("{path} cannot be written: {problem}")]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// A row does not fit its table, which the tests rule out.
    #[error("a row of {table} has {problem}")]
    Row {
        /// Which table.
        table: &'static str,
        /// Which column, and what is wrong.
        problem: String,
    },
}

impl ExportError {
    pub(crate) fn write(path: &Path, problem: &impl std::fmt::Display) -> Self {
        Self::Write { path: path.to_owned(), problem: problem.to_string() }
    }
}
