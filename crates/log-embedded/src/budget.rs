//! How many bytes the whole log may take on disk, and takes. Counts; never deletes.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Shared by all partitions.
pub(crate) struct Budget {
    most: u64,
    used: AtomicU64,
}

impl Budget {
    pub(crate) fn new(most: Option<u64>) -> Self {
        Self { most: most.unwrap_or(u64::MAX), used: AtomicU64::new(0) }
    }

    /// Counts bytes that are there already.
    pub(crate) fn add(&self, bytes: u64) {
        self.used.fetch_add(bytes, Relaxed);
    }

    /// Counts bytes about to be written, or refuses them.
    pub(crate) fn take(&self, bytes: u64) -> io::Result<()> {
        let within = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.most);
        let taken = self.used.fetch_update(Relaxed, Relaxed, within);
        let refused = |used| format!("the log may take {} bytes and takes {used}", self.most);
        let error = |used| io::Error::new(io::ErrorKind::QuotaExceeded, refused(used));
        taken.map(drop).map_err(error)
    }

    /// Gives back what is no longer there.
    pub(crate) fn give(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Relaxed);
    }
}
