//! The writer of a partition that has not been claimed yet. Never writes.

use chimera_log::{AppendError, Appended, Batch, Partition, Writer};

/// Stands where a writer will be.
pub(super) struct Unclaimed;

impl Writer for Unclaimed {
    fn term(&self) -> u64 {
        0
    }

    fn next_sequence(&self) -> u64 {
        0
    }

    fn append(&mut self, _: Batch) -> Result<Appended, AppendError> {
        let reason = "the partition is not claimed yet".to_owned();
        Err(AppendError::Unavailable { partition: Partition::new("", 0), reason })
    }
}
