//! Embedded stores to rebuild into, for a proof or to measure: in a directory of their own, gone afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use chimera_stores::EmbeddedStores;
use chimera_worker::Stores;

use crate::failure::Failure;

/// Removes its directory at the end; what a killed process has left is removed by the next one.
pub(crate) struct Scratch {
    // Fields are dropped in this order: the files are closed before they are removed.
    stores: EmbeddedStores,
    _directory: Directory,
}

struct Directory(PathBuf);

impl Scratch {
    /// Stores in a directory `name` of their own inside `parent`.
    pub(crate) fn open(parent: &Path, name: &str) -> Result<Self, Failure> {
        let directory = Directory(parent.join(name));
        directory.remove().map_err(|error| unusable(&directory.0, &error))?;
        fs::create_dir_all(&directory.0).map_err(|error| unusable(&directory.0, &error))?;
        let stores = EmbeddedStores::open(&directory.0)?;
        Ok(Self { stores, _directory: directory })
    }

    /// The stores, to be fed.
    pub(crate) fn all(&self) -> Stores {
        let stores = &self.stores;
        Stores { rows: stores.rows(), kv: stores.kv(), search: stores.search() }
    }
}

impl Directory {
    fn remove(&self) -> std::io::Result<()> {
        if self.0.exists() { fs::remove_dir_all(&self.0) } else { Ok(()) }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = self.remove();
    }
}

fn unusable(dir: &Path, error: &std::io::Error) -> Failure {
    Failure::Usage(format!("{} cannot be used as scratch: {error}", dir.display()))
}
