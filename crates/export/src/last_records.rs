//! Which record is the last of its aggregate, found by the keys alone: then a row can be written and forgotten as soon as nothing
//! can change it any more, and memory holds only what is still open.

use std::collections::HashMap;

use chimera_log::{EventLog, Partition, RawRecord};
use xxhash_rust::xxh3::{Xxh3DefaultBuilder, xxh3_64};

use crate::ExportError;

/// The last sequence of each aggregate of a partition, by the hash of its key: 16 bytes an aggregate, and room to grow.
///
/// Of two aggregates with the same hash the later counts: the row of the other is written at the end of the partition.
#[derive(Debug, Default)]
pub(crate) struct LastRecords(HashMap<u64, u64, Xxh3DefaultBuilder>);

impl LastRecords {
    pub(crate) async fn read(
        log: &dyn EventLog,
        partition: &Partition,
        end: u64,
        seen: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, ExportError> {
        let mut last = Self::default();
        let mut reader = log.read(partition, 1)?;
        while reader.position() <= end {
            let batch = reader.next().await?;
            seen(batch.records.len() as u64);
            for record in batch.records.iter().take_while(|record| record.sequence <= end) {
                last.0.insert(xxh3_64(&record.key), record.sequence);
            }
        }
        Ok(last)
    }

    /// Whether nothing follows of this record's aggregate.
    pub(crate) fn is_last(&self, record: &RawRecord) -> bool {
        self.0.get(&xxh3_64(&record.key)) == Some(&record.sequence)
    }
}
