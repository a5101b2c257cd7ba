//! What the search engine's failures mean to the caller.

use std::io::{self, ErrorKind};

use tantivy::TantivyError;
use tantivy::directory::error::{OpenReadError, OpenWriteError};

use crate::error::StoreError;

/// Classes a failure by what the caller does next.
pub(super) fn failed(error: TantivyError) -> StoreError {
    match error {
        TantivyError::IoError(error) => of_disk(&error),
        TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. })
        | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error, .. }) => {
            of_disk(&io_error)
        }
        TantivyError::ErrorInThread(reason) => StoreError::Transient(reason),
        TantivyError::Poisoned => StoreError::Transient("an earlier write failed".into()),
        error => StoreError::Fatal(format!("{error}; rebuild the read model with `replay run`")),
    }
}

/// Classes a failure of the disk.
pub(super) fn of_disk(error: &io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            StoreError::Saturated(format!("{error}; make room on the disk"))
        }
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => {
            StoreError::Fatal(format!("{error}; rebuild the read model with `replay run`"))
        }
        _ => StoreError::Transient(error.to_string()),
    }
}
