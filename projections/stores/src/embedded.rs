//! The embedded adapters: two databases and the search indices in one directory, for one process.
//!
//! `rows`, `kv` and `search` can be lost one without the others; all can be rebuilt from the log, so nothing here syncs before it answers.
//! After a crash each view stands at the checkpoint of some earlier moment, never between a checkpoint and its data.

mod catalogue;
mod database;
mod kv;
mod merge;
mod paging;
mod row;
mod rows;
mod seal;
mod search;

use std::path::Path;
use std::sync::Arc;

pub use database::Options;
pub use kv::EmbeddedKv;
pub use rows::EmbeddedRows;
pub use search::EmbeddedSearch;

use crate::error::{OpenError, StoreError};

/// The embedded stores of one directory. Calls answer on the caller's thread, most of them within microseconds.
#[derive(Clone)]
pub struct EmbeddedStores {
    rows: Arc<EmbeddedRows>,
    kv: Arc<EmbeddedKv>,
    search: Arc<EmbeddedSearch>,
}

impl EmbeddedStores {
    /// Opens the stores of `dir`, empty where nothing is.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_with(dir, Options::default())
    }

    /// As [`EmbeddedStores::open`], with other memory limits.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_with(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let rows = EmbeddedRows::open(&dir.join("rows"), options)?;
        let kv = EmbeddedKv::open(&dir.join("kv"), options)?;
        let search = EmbeddedSearch::open(&dir.join("search"))?;
        Ok(Self { rows: Arc::new(rows), kv: Arc::new(kv), search: Arc::new(search) })
    }

    /// The tables.
    #[must_use]
    pub fn rows(&self) -> Arc<EmbeddedRows> {
        self.rows.clone()
    }

    /// The key-values.
    #[must_use]
    pub fn kv(&self) -> Arc<EmbeddedKv> {
        self.kv.clone()
    }

    /// The documents.
    #[must_use]
    pub fn search(&self) -> Arc<EmbeddedSearch> {
        self.search.clone()
    }

    /// Waits until everything applied is on disk; documents are as soon as they are applied.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.rows.flush()?;
        self.kv.flush()
    }

    /// Writes everything into tables, so that the next start has no journal to read. Dropping the stores without it loses
    /// nothing; the databases are released when the last handle is gone.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn close(self) -> Result<(), StoreError> {
        self.rows.settle()?;
        self.kv.settle()
    }
}
