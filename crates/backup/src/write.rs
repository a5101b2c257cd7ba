//! Writes a restore point: the cut, every partition up to it, and last the manifest, without which nothing of it counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chimera_domain::time::Timestamp;
use chimera_log::{EventLog, Partition};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::cut::{self, Ends};
use crate::error::BackupError;
use crate::key::SigningKey;
use crate::manifest::{FORMAT, Manifest, ModelKept, OwnerKept, PartitionKept, StreamKept};
use crate::part::{self, Shared, Work, Written};
use crate::place::Place;
use crate::reuse::Known;
use crate::schemas::{self, Schemas, SchemasMet};
use crate::{Progress, point};

/// Records of so many bytes make a segment, before compression.
pub const SEGMENT_BYTES: u64 = 32 * 1024 * 1024;

/// What is backed up.
pub struct Source {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Whoever knows the schemas of its events.
    pub schemas: Arc<dyn Schemas>,
    /// What else belongs into the restore point.
    pub about: About,
}

/// What stands in the manifest beside the log itself.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The release that writes.
    pub program: String,
    /// Which log it is, for people.
    pub source: String,
    /// Settings of each stream's topic.
    pub settings: BTreeMap<String, BTreeMap<String, String>>,
    /// The last value of each key of the control topic.
    pub control: BTreeMap<String, Vec<u8>>,
    /// Where the read models stand.
    pub models: Vec<ModelKept>,
}

/// How it is done.
pub struct Options {
    /// How many partitions at once.
    pub parallel: usize,
    /// See [`SEGMENT_BYTES`].
    pub segment_bytes: u64,
    /// How long the log may take until everybody sees what is committed; nothing where nobody else can write.
    pub settle: Duration,
    /// The key that signs, if any.
    pub key: Option<SigningKey>,
    /// Told how far it is.
    pub progress: Arc<dyn Progress>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backed {
    /// The restore point.
    pub manifest: Manifest,
    /// What had to be done for it.
    pub work: Work,
}

/// Writes a restore point of all that is in the log now. What an interrupted one has left is used; two at once do not harm each
/// other.
///
/// # Errors
/// If the log cannot be read, the place cannot be written, or nobody can be asked for a schema. Then there is no new restore point.
pub async fn back_up(
    source: Source,
    place: &Place,
    options: Options,
) -> Result<Backed, BackupError> {
    let Source { log, schemas, about } = source;
    let trust = options.key.as_ref().map(SigningKey::trusted);
    let latest = point::latest_good(place, trust.as_ref()).await?;
    let shared = Arc::new(Shared {
        log: log.clone(),
        place: place.clone(),
        schemas: SchemasMet::new(schemas, place.clone()),
        known: Known::new(latest.as_ref(), options.key.is_none()),
        segment_bytes: options.segment_bytes.max(1),
        progress: options.progress,
    });
    let began = now();
    let ends = cut::consistent(&*log, &shared.schemas, options.settle).await?;
    let written = partitions(&shared, &ends, options.parallel).await?;
    let work = written.values().map(|part| part.work).sum();
    let streams = streams(written, &ends, &about.settings, &*log);
    let schemas = schemas::named(&streams, place).await?;
    let encoded = about.control.iter().map(|(key, value)| (key.clone(), STANDARD.encode(value)));
    let manifest = Manifest {
        format: FORMAT,
        name: String::new(),
        program: about.program,
        source: about.source,
        began,
        ended: now(),
        signer: trust.map(|trust| trust.text()),
        streams,
        schemas,
        control: encoded.collect(),
        models: about.models,
    };
    let manifest = point::publish(place, manifest, options.key.as_ref()).await?;
    Ok(Backed { manifest, work })
}

/// Every partition, so many at once.
async fn partitions(
    shared: &Arc<Shared>,
    ends: &Ends,
    parallel: usize,
) -> Result<BTreeMap<Partition, Written>, BackupError> {
    let turns = Arc::new(Semaphore::new(parallel.max(1)));
    let mut tasks = JoinSet::new();
    for (partition, end) in ends.clone() {
        let (shared, turns) = (shared.clone(), turns.clone());
        tasks.spawn(async move {
            let _turn = turns.acquire_owned().await;
            let written = part::write(shared, partition.clone(), end).await;
            written.map(|written| (partition, written))
        });
    }
    let mut written = BTreeMap::new();
    while let Some(ended) = tasks.join_next().await {
        let (partition, part) = ended??;
        written.insert(partition, part);
    }
    Ok(written)
}

/// What the manifest says of them.
fn streams(
    written: BTreeMap<Partition, Written>,
    ends: &Ends,
    settings: &BTreeMap<String, BTreeMap<String, String>>,
    log: &dyn EventLog,
) -> Vec<StreamKept> {
    let owners = log.owners().borrow().clone();
    let mut streams: BTreeMap<String, StreamKept> = BTreeMap::new();
    for (partition, Written { segments, .. }) in written {
        let owner = owners.get(&partition);
        let owner =
            owner.map(|owner| OwnerKept { address: owner.address.to_string(), term: owner.term });
        let unreadable = segments.iter().map(|segment| segment.content.unreadable).sum();
        let end = ends.get(&partition).copied().unwrap_or(0);
        let name = partition.stream.to_string();
        let stream = streams.entry(name.clone()).or_insert_with(|| StreamKept {
            settings: settings.get(&name).cloned().unwrap_or_default(),
            name,
            partitions: Vec::new(),
        });
        stream.partitions.push(PartitionKept { end, owner, unreadable, segments });
    }
    streams.into_values().collect()
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_microsecond())
}
