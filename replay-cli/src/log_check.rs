//! Reads the whole log once: sequences and aggregate versions without gaps, every event decodable and where it belongs.
//!
//! Goes on after an event that is wrong in itself; stops in a partition whose bytes cannot be trusted.

use std::collections::HashMap;
use std::sync::Arc;

use chimera_log::{EventLog, Partition, RawRecord};
use chimera_worker::Decoder;
use serde::Serialize;
use tokio::sync::Semaphore;
use xxhash_rust::xxh3::{Xxh3DefaultBuilder, xxh3_64};

use crate::data::Positions;
use crate::failure::Failure;
use crate::open_log::OpenLog;
use crate::progress::{Progress, Step};

/// How many faults of a partition are named.
const NAMED: usize = 20;

/// What reading the log found.
#[derive(Debug, Default, Serialize)]
pub struct LogReport {
    /// `sound` or `damaged`.
    pub verdict: &'static str,
    /// How many events were read.
    pub events: u64,
    /// What is wrong; at most twenty of each partition.
    pub faults: Vec<Fault>,
}

/// Something wrong in the log.
#[derive(Debug, Serialize)]
pub struct Fault {
    /// The stream's name.
    pub stream: String,
    /// The partition's index.
    pub partition: u32,
    /// Where.
    pub sequence: u64,
    /// What was expected and what was found.
    pub reason: String,
}

pub(crate) async fn check(
    source: &OpenLog,
    ends: Positions,
    progress: &Progress,
    cores: &Arc<Semaphore>,
) -> Result<LogReport, Failure> {
    let step = Arc::new(progress.step("log", ends.values().sum(), "events"));
    let mut tasks = Vec::new();
    for (partition, end) in ends {
        let (log, decoder, step) = (source.log.clone(), source.decoder.clone(), step.clone());
        let cores = cores.clone();
        tasks.push(tokio::spawn(async move {
            let _core = cores.acquire_owned().await;
            let checked = Checked::new(partition, decoder);
            checked.read(&*log, end, &step).await
        }));
    }
    let mut report = LogReport { verdict: "sound", ..LogReport::default() };
    for task in tasks {
        let (events, faults) = task.await.map_err(Failure::failed)?;
        report.events += events;
        report.faults.extend(faults);
    }
    Step::end_shared(step);
    if !report.faults.is_empty() {
        report.verdict = "damaged";
    }
    Ok(report)
}

/// One partition as it is read.
pub(crate) struct Checked {
    partition: Partition,
    decoder: Arc<Decoder>,
    /// The last version of each aggregate, by the hash of its key.
    versions: HashMap<u64, u64, Xxh3DefaultBuilder>,
    last: u64,
    faults: Vec<Fault>,
}

impl Checked {
    pub(crate) fn new(partition: Partition, decoder: Arc<Decoder>) -> Self {
        let versions = HashMap::with_hasher(Xxh3DefaultBuilder::new());
        Self { partition, decoder, versions, last: 0, faults: Vec::new() }
    }

    async fn read(mut self, log: &dyn EventLog, end: u64, step: &Step) -> (u64, Vec<Fault>) {
        let mut reader = match log.read(&self.partition, 1) {
            Ok(reader) => reader,
            Err(error) => {
                self.fault(1, error.to_string());
                return (0, self.faults);
            }
        };
        while self.last < end {
            match reader.next().await {
                Ok(batch) => {
                    step.add(batch.records.len() as u64);
                    for record in &batch.records {
                        self.record(record);
                    }
                }
                Err(error) => {
                    self.fault(reader.position(), error.to_string());
                    break;
                }
            }
        }
        (self.last, self.faults)
    }

    fn record(&mut self, record: &RawRecord) {
        if record.sequence != self.last + 1 {
            let reason = format!("sequence {} follows {}", record.sequence, self.last);
            self.fault(record.sequence, reason);
        }
        self.last = record.sequence;
        if let Err(reason) = self.event(record) {
            self.fault(record.sequence, reason);
        }
    }

    /// What is wrong with the next event in itself, or with its version.
    pub(crate) fn event(&mut self, record: &RawRecord) -> Result<(), String> {
        let change = self
            .decoder
            .decode(&self.partition, &record.value)
            .map_err(|error| format!("the event cannot be decoded: {error}"))?;
        let meta = change.meta();
        if meta.sequence != record.sequence {
            return Err(format!("the event says that its sequence is {}", meta.sequence));
        }
        if change.key().as_bytes() != &*record.key
            || change.event_type().as_bytes() != &*record.event_type
        {
            return Err("the event's key or type is not that of its record".to_owned());
        }
        let last = self.versions.entry(xxh3_64(&record.key)).or_default();
        let expected = *last + 1;
        *last = meta.aggregate_version;
        if meta.aggregate_version != expected {
            let (key, found) = (change.key(), meta.aggregate_version);
            return Err(format!("version {found} of {key} came where {expected} was expected"));
        }
        Ok(())
    }

    fn fault(&mut self, sequence: u64, reason: String) {
        if self.faults.len() < NAMED {
            let (stream, partition) = (self.partition.stream.to_string(), self.partition.index);
            self.faults.push(Fault { stream, partition, sequence, reason });
        }
    }
}
