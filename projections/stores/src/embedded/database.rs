//! Opens one fjall database and says plainly why it cannot be opened.
//!
//! The only place that knows fjall's errors; never interprets what is stored.

use std::path::{Path, PathBuf};
use std::{fs, io};

use fjall::{Database, Keyspace, KeyspaceCreateOptions};

use crate::error::{OpenError, StoreError};

/// The file that fjall writes last when it makes a database.
const MARKER: &str = "version";
const MIB: u64 = 1024 * 1024;

/// How much memory one database may take.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// For blocks read.
    pub cache_bytes: u64,
    /// For writes to one table before they go to disk.
    pub write_buffer_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 48 * MIB, write_buffer_bytes: 16 * MIB }
    }
}

/// Opens or creates the database in `path`.
pub(super) fn open(path: &Path, options: Options) -> Result<Database, OpenError> {
    if is_something_else(path) {
        let reason = "it holds files but no complete database".to_owned();
        return Err(OpenError::OtherFormat { path: path.to_owned(), reason });
    }
    if !path.join(MARKER).exists() {
        create(path, options)?;
    }
    open_there(path, options).map_err(|error| open_error(path.to_owned(), error))
}

/// Makes a database beside its place and moves it there whole: a process that is killed meanwhile leaves nothing in its place.
fn create(path: &Path, options: Options) -> Result<(), OpenError> {
    let unfinished = path.with_extension("new");
    let failed = |error: io::Error| open_error(path.to_owned(), error.into());
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(failed)?;
    }
    drop(open_there(&unfinished, options).map_err(|error| open_error(path.to_owned(), error))?);
    fs::rename(&unfinished, path).map_err(failed)
}

fn open_there(path: &Path, options: Options) -> Result<Database, fjall::Error> {
    Database::builder(path)
        .cache_size(options.cache_bytes)
        .max_journaling_size(128 * MIB)
        .worker_threads(2)
        .open()
}

/// Opens or creates one keyspace.
pub(super) fn keyspace(
    database: &Database,
    name: &str,
    options: Options,
) -> Result<Keyspace, fjall::Error> {
    database.keyspace(name, || {
        KeyspaceCreateOptions::default().max_memtable_size(options.write_buffer_bytes)
    })
}

fn is_something_else(path: &Path) -> bool {
    let holds_files = path.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    holds_files && !path.join(MARKER).exists()
}

pub(super) fn open_error(path: PathBuf, error: fjall::Error) -> OpenError {
    use fjall::{Error, LsmError};
    match error {
        Error::Locked => OpenError::InUse { path },
        Error::InvalidVersion(found) => OpenError::OtherFormat {
            path,
            reason: format!("the storage engine expects version 3 and found {found:?}"),
        },
        Error::Storage(LsmError::InvalidVersion(found)) => OpenError::OtherFormat {
            path,
            reason: format!("the storage engine found tables of version {found}"),
        },
        Error::Io(error) | Error::Storage(LsmError::Io(error)) => {
            OpenError::Unavailable { path, reason: error.to_string() }
        }
        error => OpenError::Damaged { path, reason: error.to_string() },
    }
}

/// Classes a failure of an open database by what the caller does next.
pub(super) fn store_error(error: fjall::Error) -> StoreError {
    use std::io::ErrorKind;

    use fjall::{Error, LsmError};
    match error {
        Error::KeyspaceDeleted => {
            StoreError::Transient("the generation was just removed; ask which one is live".into())
        }
        Error::Io(error) | Error::Storage(LsmError::Io(error)) => match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                StoreError::Saturated(format!("{error}; make room on the disk and start again"))
            }
            ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                StoreError::Transient(error.to_string())
            }
            _ => StoreError::Fatal(error.to_string()),
        },
        Error::Poisoned => StoreError::Fatal(
            "an earlier write failed, so no more are taken; look at the disk and start again"
                .into(),
        ),
        error => StoreError::Fatal(format!("{error}; rebuild the read model with `replay run`")),
    }
}
