//! A look at the live log beside the drill: where it ends, what the restore point lacks of it. Writes nothing, waits only so long.
//!
//! Where it cannot be looked at, that is said with the reason, and the drill goes on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chimera_backup::Point;
use chimera_codec::{GlanceReader, bundled_schemas};
use chimera_config::{Config, LogKind, Stores};
use chimera_domain::time::Timestamp;
use chimera_log::{EventLog, Partition, RawRecord};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions, OpenError};
use chimera_wiring::open_log_to_read;

/// How long the live log may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where the schema's id ends in a framed event; at another log the same event has another id.
const BEHIND_ID: usize = 5;

/// What is known of the live log.
pub(super) enum Live {
    /// Where each of its partitions ends.
    Known(BTreeMap<Partition, LiveEnd>),
    /// Why nothing is.
    Unknown(String),
}

/// Where a partition of the live log ends, seen from the restore point.
pub(super) struct LiveEnd {
    /// Its last sequence.
    pub(super) last: u64,
    /// The last sequence of the restore point.
    pub(super) restored: u64,
    /// When the first event was recorded that the restore point lacks; none if it lacks none or that cannot be read.
    pub(super) first_lacking: Option<Timestamp>,
    /// As `first_lacking`, of the last one.
    pub(super) last_lacking: Option<Timestamp>,
    /// What the live log holds where the restore point ends.
    at_end: Option<RawRecord>,
}

impl LiveEnd {
    /// How many events the restore point lacks.
    pub(super) fn lacking(&self) -> u64 {
        self.last.saturating_sub(self.restored)
    }
}

impl Live {
    /// Looks at the log of the settings. `aside` is a directory for what is made beside a log on Kafka.
    pub(super) async fn look(config: &Config, point: &Point, aside: PathBuf) -> Self {
        match tokio::time::timeout(PATIENCE, looked(config, point, aside)).await {
            Ok(Ok(ends)) => Self::Known(ends),
            Ok(Err(reason)) => Self::Unknown(reason),
            Err(_) => Self::Unknown(format!("it did not answer within {} s", PATIENCE.as_secs())),
        }
    }

    /// Believes the live log only if the restored one is its past.
    pub(super) async fn compared_with(self, data: &Path) -> Self {
        let Self::Known(ends) = self else { return self };
        match is_past_of(data, &ends).await {
            Ok(()) => Self::Known(ends),
            Err(reason) => Self::Unknown(reason),
        }
    }
}

async fn looked(
    config: &Config,
    point: &Point,
    aside: PathBuf,
) -> Result<BTreeMap<Partition, LiveEnd>, String> {
    let glances = glances(config, point).await?;
    let config = config.clone();
    let opened = tokio::task::spawn_blocking(move || opened(config, aside)).await;
    let log = opened.map_err(|error| error.to_string())??;
    let restored: BTreeMap<Partition, u64> =
        point.manifest.partitions().map(|(partition, kept)| (partition, kept.end)).collect();
    let mut ends = BTreeMap::new();
    for stream in log.streams().map_err(|error| error.to_string())? {
        for index in 0..stream.partitions {
            let partition = Partition { stream: stream.name.clone(), index };
            let restored = restored.get(&partition).copied().unwrap_or(0);
            let end = end(&*log, &partition, restored, &glances).await?;
            ends.insert(partition, end);
        }
    }
    match restored.keys().find(|partition| !ends.contains_key(partition)) {
        Some(partition) => Err(format!("the live log has no {partition}: it is another log")),
        None => Ok(ends),
    }
}

/// Reads times by the schemas of the restore point; those of later releases stay unread.
async fn glances(config: &Config, point: &Point) -> Result<GlanceReader, String> {
    let mut glances = GlanceReader::default();
    let texts = point.schemas().await.map_err(|error| error.to_string())?;
    for (kept, schema) in point.manifest.schemas.iter().zip(texts) {
        for id in &kept.ids {
            // A schema that does not parse leaves its events without a time.
            let _ = glances.learn(*id, &schema.text);
        }
    }
    if config.log.kind == LogKind::Embedded {
        for own in bundled_schemas() {
            let _ = glances.learn(own.id, own.json);
        }
    }
    Ok(glances)
}

fn opened(config: Config, aside: PathBuf) -> Result<Arc<dyn EventLog>, String> {
    if config.log.kind == LogKind::Embedded {
        return embedded(&config.data_dir.join("log"));
    }
    // Decisions of operators are of no interest, so nothing beside the log is opened.
    let beside = Config { data_dir: aside, stores: Stores::default(), ..config };
    let opened = open_log_to_read(&beside).map_err(|error| format!("{error:#}"))?;
    Ok(opened.log)
}

fn embedded(dir: &Path) -> Result<Arc<dyn EventLog>, String> {
    let shown = dir.display();
    match EmbeddedLog::is_whole(dir) {
        Ok(true) => {}
        Ok(false) if !dir.is_dir() => return Err(format!("there is no log in {shown}")),
        Ok(false) => {
            return Err(format!(
                "{shown} ends in half an append: a node is writing, or a crash has torn it and opening would cut it"
            ));
        }
        Err(error) => return Err(error.to_string()),
    }
    match EmbeddedLog::open(dir, EmbeddedLogOptions::default()) {
        Ok(log) => Ok(Arc::new(log)),
        Err(OpenError::Locked { .. }) => Err(format!("{shown} is in use by another process")),
        Err(error) => Err(error.to_string()),
    }
}

async fn end(
    log: &dyn EventLog,
    partition: &Partition,
    restored: u64,
    glances: &GlanceReader,
) -> Result<LiveEnd, String> {
    let last = log.high_watermark(partition).map_err(|error| error.to_string())?;
    let last = *last.borrow();
    if last < restored {
        return Err(format!(
            "{partition} of the live log ends at {last}, before the restore point, which goes on to {restored}: it is another log"
        ));
    }
    let at_end = if restored == 0 { None } else { Some(record(log, partition, restored).await?) };
    let mut end = LiveEnd { last, restored, first_lacking: None, last_lacking: None, at_end };
    if last > restored {
        let [first, last] = [restored + 1, last].map(|sequence| record(log, partition, sequence));
        let time = |record: &RawRecord| {
            let glance = glances.look(&record.value);
            glance.ok().map(|glance| glance.recorded_at)
        };
        end.first_lacking = time(&first.await?);
        end.last_lacking = time(&last.await?);
    }
    Ok(end)
}

async fn record(
    log: &dyn EventLog,
    partition: &Partition,
    sequence: u64,
) -> Result<RawRecord, String> {
    let mut reader = log.read(partition, sequence).map_err(|error| error.to_string())?;
    let batch = reader.next().await.map_err(|error| error.to_string())?;
    let found = batch.records.into_iter().find(|record| record.sequence == sequence);
    found.ok_or_else(|| format!("{partition} does not give its sequence {sequence}"))
}

/// Compares the last event of each partition of the copy: ids of events are unique, so one equal event means an equal past.
async fn is_past_of(data: &Path, ends: &BTreeMap<Partition, LiveEnd>) -> Result<(), String> {
    let copy = EmbeddedLog::open(data.join("log"), EmbeddedLogOptions::default());
    let copy = copy.map_err(|error| error.to_string())?;
    for (partition, end) in ends {
        let Some(live) = &end.at_end else { continue };
        let own = record(&copy, partition, end.restored).await?;
        let same = (&own.key, &own.event_type) == (&live.key, &live.event_type)
            && own.value.get(BEHIND_ID..) == live.value.get(BEHIND_ID..);
        if !same {
            return Err(format!(
                "{partition} of the live log holds another event at {} than the restore point: it is another log",
                end.restored
            ));
        }
    }
    Ok(())
}
