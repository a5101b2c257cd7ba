//! Goes through the log for the records of one aggregate, or for those that hold a text.
//!
//! Decodes nothing: what is looked for stands in the bytes as it is.

use std::sync::Arc;

use chimera_log::{EventLog, Partition, RawRecord, ReadError, partition_of};
use memchr::memmem::Finder;

use crate::data::Positions;
use crate::failure::Failure;
use crate::open_log::OpenLog;
use crate::progress::{Progress, Step};
use crate::rebuild::one_per_core;

/// A record that was looked for, in memory of its own.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) partition: Partition,
    pub(crate) sequence: u64,
    pub(crate) key: String,
    pub(crate) event_type: String,
    pub(crate) value: Vec<u8>,
}

/// Every record of one aggregate, in order.
pub(super) async fn of_key(log: &OpenLog, stream: &str, key: &str) -> Result<Vec<Hit>, Failure> {
    let ends = log.ends(&[stream])?;
    let index = partition_of(key, u32::try_from(ends.len()).unwrap_or(u32::MAX));
    let partition = Partition::new(stream, index);
    let end = ends.get(&partition).copied().unwrap_or(0);
    let step = Arc::new(Progress::new().step("log", end, "events"));
    let is_of_key = |record: &RawRecord| &*record.key == key.as_bytes();
    let hits = scan(log.log.clone(), partition, end, step.clone(), is_of_key).await?;
    Step::end_shared(step);
    Ok(hits)
}

/// Every record up to these ends whose value holds a text, partition by partition.
pub(crate) async fn holding(
    log: &OpenLog,
    ends: Positions,
    text: &str,
) -> Result<Vec<Hit>, Failure> {
    let cores = one_per_core();
    let step = Arc::new(Progress::new().step("log", ends.values().sum(), "events"));
    let finder = Arc::new(Finder::new(text).into_owned());
    let mut tasks = Vec::new();
    for (partition, end) in ends {
        let (log, step, finder) = (log.log.clone(), step.clone(), finder.clone());
        let cores = cores.clone();
        tasks.push(tokio::spawn(async move {
            let _core = cores.acquire_owned().await;
            let holds = |record: &RawRecord| finder.find(&record.value).is_some();
            scan(log, partition, end, step, holds).await
        }));
    }
    let mut hits = Vec::new();
    for task in tasks {
        hits.extend(task.await.map_err(Failure::failed)??);
    }
    Step::end_shared(step);
    Ok(hits)
}

async fn scan(
    log: Arc<dyn EventLog>,
    partition: Partition,
    end: u64,
    step: Arc<Step>,
    is_wanted: impl Fn(&RawRecord) -> bool,
) -> Result<Vec<Hit>, ReadError> {
    let mut hits = Vec::new();
    if end == 0 {
        return Ok(hits);
    }
    let mut reader = log.read(&partition, 1)?;
    while reader.position() <= end {
        let batch = reader.next().await?;
        step.add(batch.records.len() as u64);
        for record in batch.records.iter().filter(|record| is_wanted(record)) {
            hits.push(hit(&partition, record));
        }
    }
    Ok(hits)
}

fn hit(partition: &Partition, record: &RawRecord) -> Hit {
    Hit {
        partition: partition.clone(),
        sequence: record.sequence,
        key: String::from_utf8_lossy(&record.key).into_owned(),
        event_type: String::from_utf8_lossy(&record.event_type).into_owned(),
        value: record.value.to_vec(),
    }
}
