//! Where the partitions of a log end at one moment.

use std::collections::BTreeMap;

use crate::error::ReadError;
use crate::port::EventLog;
use crate::record::{Partition, StreamSpec};

/// The last acknowledged sequence of every partition of these streams; 0 where there is none.
///
/// # Errors
/// If the log cannot answer, or does not know a partition.
pub fn ends(
    log: &dyn EventLog,
    streams: &[StreamSpec],
) -> Result<BTreeMap<Partition, u64>, ReadError> {
    let mut ends = BTreeMap::new();
    for stream in streams {
        for index in 0..stream.partitions {
            let partition = Partition { stream: stream.name.clone(), index };
            let end = *log.high_watermark(&partition)?.borrow();
            ends.insert(partition, end);
        }
    }
    Ok(ends)
}
