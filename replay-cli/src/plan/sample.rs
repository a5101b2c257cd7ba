//! A look into the log at a few places of each partition: which types of events there are, how large, and whether they can be read.

use std::collections::{BTreeMap, BTreeSet};

use chimera_codec::CodecError;
use chimera_log::{Partition, RawRecord};
use chimera_log_embedded::EmbeddedLog;
use chimera_model::ReadModel;

use super::report::StreamPlan;
use crate::failure::Failure;
use crate::open_log::OpenLog;

/// How many places of a partition are looked at, and how many events at each.
const PLACES: u64 = 4;
const EVENTS: usize = 250;

/// What was seen, by stream.
pub(super) struct Sample {
    streams: BTreeMap<String, Seen>,
}

#[derive(Default)]
struct Seen {
    /// How many events there are.
    events: u64,
    /// Their bytes, where the log says.
    bytes: Option<u64>,
    sampled: u64,
    sampled_bytes: u64,
    types: BTreeMap<Box<[u8]>, u64>,
    unknown_schemas: BTreeSet<u32>,
}

impl Sample {
    pub(super) async fn of(log: &OpenLog) -> Result<Self, Failure> {
        let mut streams = BTreeMap::<String, Seen>::new();
        for (partition, end) in log.all_ends()? {
            let seen = streams.entry(partition.stream.to_string()).or_default();
            seen.events += end;
            for place in 0..PLACES.min(end) {
                let from = 1 + place * end / PLACES;
                let read = log.log.read(&partition, from)?.next().await?;
                for record in read.records.iter().take(EVENTS) {
                    seen.add(log, &partition, record);
                }
            }
        }
        for size in log.embedded.as_deref().map(EmbeddedLog::sizes).unwrap_or_default() {
            let seen = streams.entry(size.partition.stream.to_string()).or_default();
            seen.bytes = Some(seen.bytes.unwrap_or(0) + size.bytes);
        }
        Ok(Self { streams })
    }

    /// What a model reads of a stream.
    pub(super) fn stream(&self, model: &ReadModel, stream: &str) -> StreamPlan {
        let (mut plan, name) = (StreamPlan::default(), stream.to_owned());
        plan.stream = name;
        let Some(seen) = self.streams.get(stream) else { return plan };
        let wanted = seen.types.iter().filter(|(event_type, _)| model.reads(event_type));
        let read: u64 = wanted.map(|(_, events)| events).sum();
        plan.events = seen.events;
        plan.bytes =
            seen.bytes.unwrap_or_else(|| share(seen.events, seen.sampled_bytes, seen.sampled));
        plan.read = share(seen.events, read, seen.sampled);
        plan
    }

    /// Why events of the model's streams cannot be read.
    pub(super) fn unreadable(&self, model: &ReadModel) -> Vec<String> {
        let mut reasons = Vec::new();
        for stream in model.streams() {
            for id in self.streams.get(stream).iter().flat_map(|seen| &seen.unknown_schemas) {
                reasons.push(format!(
                    "events of {stream} are written under schema id {id}, which is not known here; name the registry of this \
                     log with --set registry.url=URL, or use the release that wrote them"
                ));
            }
        }
        reasons
    }
}

impl Seen {
    fn add(&mut self, log: &OpenLog, partition: &Partition, record: &RawRecord) {
        self.sampled += 1;
        self.sampled_bytes += (record.key.len() + record.value.len()) as u64;
        *self.types.entry(record.event_type.as_ref().into()).or_default() += 1;
        let decoded = log.decoder.decode(partition, &record.value);
        if let Err(CodecError::UnknownSchemaId(id)) = decoded {
            self.unknown_schemas.insert(id);
        }
    }
}

/// `part` of `whole`, taken of `of`.
fn share(of: u64, part: u64, whole: u64) -> u64 {
    let whole = u128::from(whole.max(1));
    u64::try_from(u128::from(of) * u128::from(part) / whole).unwrap_or(u64::MAX)
}
