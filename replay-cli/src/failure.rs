//! Why a verb could not do its work, classed by exit code.

use chimera_log_embedded::OpenError as LogOpenError;
use chimera_stores::{OpenError as StoresOpenError, StoreError};

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The command line or the directory is not what it should be: exit code 64.
    #[error("{0}")]
    Usage(String),
    /// It was tried and did not work: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// Of what could not be opened, found again under what the opening says of it.
    pub(crate) fn opening(error: anyhow::Error) -> Self {
        let error = match error.downcast::<LogOpenError>() {
            Ok(log) => return log.into(),
            Err(other) => other,
        };
        match error.downcast::<StoresOpenError>() {
            Ok(stores) => stores.into(),
            Err(other) => Self::Failed(format!("{other:#}")),
        }
    }

    pub(crate) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

/// What every verb says of a data directory that another process has open.
const IN_USE: &str = "is in use, most likely by `chimera serve`: only one process at a time may open it. Stop that process \
                      and run this again; while it runs, its /metrics and /health/ready show positions and lag";

impl From<LogOpenError> for Failure {
    fn from(error: LogOpenError) -> Self {
        match error {
            LogOpenError::Locked { dir } => Self::Failed(format!("{} {IN_USE}", dir.display())),
            LogOpenError::Io { .. }
            | LogOpenError::Manifest { .. }
            | LogOpenError::Corrupt { .. } => {
                Self::Failed(format!("the log cannot be opened: {error}"))
            }
        }
    }
}

impl From<StoresOpenError> for Failure {
    fn from(error: StoresOpenError) -> Self {
        match error {
            StoresOpenError::InUse { path } => Self::Failed(format!("{} {IN_USE}", path.display())),
            error => Self::failed(error),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::failed(error)
    }
}

impl From<chimera_log::ReadError> for Failure {
    fn from(error: chimera_log::ReadError) -> Self {
        Self::failed(error)
    }
}

impl From<chimera_backup::BackupError> for Failure {
    fn from(error: chimera_backup::BackupError) -> Self {
        match error {
            chimera_backup::BackupError::Usage(reason) => Self::Usage(reason),
            error => Self::failed(error),
        }
    }
}
