//! Reads the whole log: sequences and aggregate versions without gaps, every event decodable and where it belongs, every command
//! once.
//!
//! Goes on after an event that is wrong in itself; stops in a partition whose bytes cannot be trusted. Reads a partition a second
//! time only where a command may be there twice.

mod commands;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chimera_codec::CodecError;
use chimera_log::{EventLog, Partition, RawRecord};
use chimera_model::Change;
use chimera_worker::Decoder;
use serde::Serialize;
use tokio::sync::Semaphore;
use xxhash_rust::xxh3::{Xxh3DefaultBuilder, xxh3_64};

use crate::data::Positions;
use crate::failure::Failure;
use crate::open_log::OpenLog;
use crate::progress::{Progress, Step};
use commands::{Candidates, Commands};

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

/// Refuses a log whose events are all written under schema ids that are not known here: nothing could be said of it, and every read
/// model would differ.
pub(crate) async fn is_readable(source: &OpenLog, ends: &Positions) -> Result<(), Failure> {
    let mut unknown = None;
    for partition in ends.iter().filter(|(_, end)| **end > 0).map(|(partition, _)| partition) {
        // What is damaged is found, and named, when all is read.
        let Ok(batch) = source.log.read(partition, 1)?.next().await else { return Ok(()) };
        let Some(first) = batch.records.first() else { return Ok(()) };
        match source.decoder.decode(partition, &first.value) {
            Err(CodecError::UnknownSchemaId(id)) => unknown = Some((partition, id)),
            Ok(_) | Err(_) => return Ok(()),
        }
    }
    let Some((partition, id)) = unknown else { return Ok(()) };
    Err(Failure::Usage(format!(
        "the events of {partition} are written under schema id {id}, which is not known here, and so are the others; name the \
         registry of this log with --set registry.url=URL"
    )))
}

/// One partition as it is read.
pub(crate) struct Checked {
    partition: Partition,
    decoder: Arc<Decoder>,
    /// The last version of each aggregate, by the hash of its key.
    versions: HashMap<u64, u64, Xxh3DefaultBuilder>,
    commands: Commands,
    /// How many events of each schema that nobody knows.
    unknown: BTreeMap<u32, u64>,
    last: u64,
    faults: Vec<Fault>,
}

impl Checked {
    pub(crate) fn new(partition: Partition, decoder: Arc<Decoder>) -> Self {
        let versions = HashMap::with_hasher(Xxh3DefaultBuilder::new());
        Self {
            partition,
            decoder,
            versions,
            commands: Commands::default(),
            unknown: BTreeMap::new(),
            last: 0,
            faults: Vec::new(),
        }
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
        for candidates in std::mem::take(&mut self.commands).candidates() {
            self.look_again(log, candidates).await;
        }
        self.count_unknown();
        (self.last, self.faults)
    }

    /// The second reading. What cannot be read was said in the first.
    async fn look_again(&mut self, log: &dyn EventLog, mut candidates: Candidates) {
        let Ok(mut reader) = log.read(&self.partition, 1) else { return };
        let last = self.last;
        while reader.position() <= last {
            let Ok(batch) = reader.next().await else { return };
            for record in batch.records.iter().filter(|record| record.sequence <= last) {
                let Ok(change) = self.decoder.decode(&self.partition, &record.value) else {
                    continue;
                };
                if let Some(reason) = candidates.look(&change) {
                    self.fault(record.sequence, reason);
                }
            }
        }
    }

    /// A schema that nobody knows is one fault, however many events were written with it.
    fn count_unknown(&mut self) {
        for (id, events) in &self.unknown {
            let of_schema = format!("schema id {id} is not known");
            let fault = self.faults.iter_mut().find(|fault| fault.reason.contains(&of_schema));
            if let Some(fault) = fault.filter(|_| *events > 1) {
                fault.reason = format!("{}; so are {} more", fault.reason, events - 1);
            }
        }
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
        let Some(change) = self.decoded(record)? else { return Ok(()) };
        self.commands.note(&change);
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

    /// None where it is one more event of a schema that is not known.
    fn decoded(&mut self, record: &RawRecord) -> Result<Option<Change>, String> {
        let error = match self.decoder.decode(&self.partition, &record.value) {
            Ok(change) => return Ok(Some(change)),
            Err(error) => error,
        };
        if let CodecError::UnknownSchemaId(id) = error {
            let events = self.unknown.entry(id).or_default();
            *events += 1;
            if *events > 1 {
                return Ok(None);
            }
        }
        Err(format!("the event cannot be decoded: {error}"))
    }

    fn fault(&mut self, sequence: u64, reason: String) {
        if self.faults.len() < NAMED {
            let (stream, partition) = (self.partition.stream.to_string(), self.partition.index);
            self.faults.push(Fault { stream, partition, sequence, reason });
        }
    }
}
