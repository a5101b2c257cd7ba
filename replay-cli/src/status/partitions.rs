//! What the log says of each of its partitions.

use chimera_log::{Owners, Partition};

use super::{Owned, PartitionStatus};
use crate::failure::Failure;
use crate::open_log::OpenLog;

pub(super) async fn all(log: &OpenLog) -> Result<Vec<PartitionStatus>, Failure> {
    let owners = log.log.owners().borrow().clone();
    let mut found: Vec<PartitionStatus> = match &log.embedded {
        Some(embedded) => embedded.sizes().iter().map(of_files).collect(),
        None => log.all_ends()?.into_iter().map(|(at, last)| of_end(&at, last, &owners)).collect(),
    };
    for status in &mut found {
        let partition = Partition::new(&status.stream, status.partition);
        if status.last > 0 {
            status.oldest = time_of(log, &partition, status.first.unwrap_or(1)).await;
            status.newest = time_of(log, &partition, status.last).await;
        }
    }
    Ok(found)
}

fn of_files(size: &chimera_log_embedded::PartitionStatus) -> PartitionStatus {
    PartitionStatus {
        stream: size.partition.stream.to_string(),
        partition: size.partition.index,
        first: Some(size.first_sequence),
        last: size.last_sequence,
        bytes: Some(size.bytes),
        segments: Some(size.segments),
        oldest: None,
        newest: None,
        owner: None,
    }
}

/// All that a log elsewhere says of a partition.
fn of_end(partition: &Partition, last: u64, owners: &Owners) -> PartitionStatus {
    let owner = owners.get(partition);
    PartitionStatus {
        stream: partition.stream.to_string(),
        partition: partition.index,
        first: None,
        last,
        bytes: None,
        segments: None,
        oldest: None,
        newest: None,
        owner: owner.map(|owner| Owned { address: owner.address.to_string(), term: owner.term }),
    }
}

/// When the log took an event, in words; none where it cannot be read, which `replay verify` looks into.
async fn time_of(log: &OpenLog, partition: &Partition, sequence: u64) -> Option<String> {
    let batch = log.log.read(partition, sequence).ok()?.next().await.ok()?;
    Some(log.decoder.recorded_at(partition, batch.records.first()?)?.to_string())
}
