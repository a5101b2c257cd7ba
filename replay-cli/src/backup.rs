//! `replay backup`: a restore point of the log, its schemas and where everything stands.
//!
//! Changes nothing but the place that it writes to, and waits for no read store.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chimera_backup::{
    About, Backed, Manifest, ModelKept, Options, Place, PositionKept, SEGMENT_BYTES, SigningKey,
    Source, back_up,
};
use chimera_config::{Config, LogKind};
use chimera_log::{Control, EventLog};
use chimera_model::ALL;
use chimera_wiring::{OpenStores, SchemaHome, schemas};
use serde::Serialize;

use crate::cli::{BackupOptions, at_once};
use crate::data::Data;
use crate::failure::Failure;
use crate::open_log::OpenLog;
use crate::partition_bars::PartitionBars;
use crate::schemas_kept::HomeSchemas;
use crate::status;

/// How long the stores may take to say where the read models stand.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long Kafka may take until a commit is seen by every reader.
const SETTLE: Duration = Duration::from_millis(500);

/// What was backed up.
#[derive(Debug, Serialize)]
pub struct BackupReport {
    /// Always `done`.
    pub verdict: &'static str,
    /// Where the restore point lies.
    pub place: String,
    /// Its name.
    pub point: String,
    /// Whether it is signed.
    pub signed: bool,
    /// How many events it holds.
    pub events: u64,
    /// Bytes of its objects.
    pub bytes: u64,
    /// Bytes of its records before they were compressed.
    pub raw_bytes: u64,
    /// How many objects were there already.
    pub reused_objects: usize,
    /// How many were written.
    pub new_objects: usize,
    /// How large those are.
    pub new_bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// What an operator should know.
    pub notes: Vec<String>,
}

pub(crate) async fn backup(
    config: &Config,
    options: &BackupOptions,
) -> Result<BackupReport, Failure> {
    let started = Instant::now();
    let log = OpenLog::open(config).await?;
    let key = key(options.key.as_deref(), options.new_key.as_deref())?;
    let place = Place::open(&options.to, true)?;
    let mut notes = Vec::new();
    let (log, models) = models(config, log, &mut notes).await;
    let ids = schemas::ids(config).await.map_err(Failure::opening)?;
    let home = SchemaHome::new(config, ids).map_err(Failure::opening)?;
    let bars = Arc::new(PartitionBars::new());
    let source = Source {
        log: log.log.clone(),
        schemas: Arc::new(HomeSchemas(home)),
        about: About {
            settings: settings(&*log.log, &mut notes),
            control: control(&*log.control),
            ..about(config, models)
        },
    };
    let how = Options {
        parallel: at_once(options.parallel),
        segment_bytes: SEGMENT_BYTES,
        settle: if log.embedded.is_some() { Duration::ZERO } else { SETTLE },
        key,
        progress: bars.clone(),
    };
    let backed = back_up(source, &place, how).await;
    bars.end();
    let backed = backed?;
    note(&backed.manifest, &mut notes);
    Ok(report(place.name(), &backed, started.elapsed(), notes))
}

fn report(place: &str, backed: &Backed, took: Duration, notes: Vec<String>) -> BackupReport {
    let Backed { manifest, work } = backed;
    BackupReport {
        verdict: "done",
        place: place.to_owned(),
        point: manifest.name.clone(),
        signed: manifest.signer.is_some(),
        events: manifest.events(),
        bytes: manifest.bytes(),
        raw_bytes: manifest.raw_bytes(),
        reused_objects: work.reused,
        new_objects: work.new_objects,
        new_bytes: work.new_bytes,
        seconds: took.as_secs_f64(),
        notes,
    }
}

fn key(file: Option<&Path>, new: Option<&Path>) -> Result<Option<SigningKey>, Failure> {
    Ok(match (file, new) {
        (Some(file), _) => Some(SigningKey::read(file)?),
        (None, Some(file)) => Some(SigningKey::make(file)?),
        (None, None) => None,
    })
}

fn about(config: &Config, models: Vec<ModelKept>) -> About {
    let source = match config.log.kind {
        LogKind::Embedded => "embedded".to_owned(),
        LogKind::Kafka => format!("kafka, topics {}*", config.kafka.topic_prefix),
    };
    let program = format!("chimera {}", env!("CARGO_PKG_VERSION"));
    About { program, source, models, ..About::default() }
}

/// What operators have decided.
fn control(control: &dyn Control) -> BTreeMap<String, Vec<u8>> {
    let known = control.known();
    let words = known.borrow();
    words.iter().map(|(key, word)| (key.to_string(), word.as_bytes().to_vec())).collect()
}

/// What is set for the topic of each stream.
fn settings(
    log: &dyn EventLog,
    notes: &mut Vec<String>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut settings = BTreeMap::new();
    for stream in log.streams().unwrap_or_default() {
        match log.settings(&stream.name) {
            Ok(own) => {
                settings.insert(stream.name.to_string(), own);
            }
            Err(error) => {
                notes.push(format!("the settings of {} are not in it: {error}", stream.name));
            }
        }
    }
    settings
}

/// Where the read models stand, if their stores say so in time: a backup does not depend on them.
async fn models(
    config: &Config,
    log: OpenLog,
    notes: &mut Vec<String>,
) -> (OpenLog, Vec<ModelKept>) {
    let opened =
        tokio::time::timeout(PATIENCE, OpenStores::open(config, log.control.clone())).await;
    let stores = match opened {
        Ok(Ok(stores)) => stores,
        Ok(Err(error)) => {
            notes.push(format!("the positions of the read models are not in it: {error:#}"));
            return (log, Vec::new());
        }
        Err(_) => {
            notes.push(
                "the positions of the read models are not in it: no store answers".to_owned(),
            );
            return (log, Vec::new());
        }
    };
    let data = Data { log, stores };
    let mut models = Vec::new();
    for model in ALL {
        match tokio::time::timeout(PATIENCE, status::of_model(&data, model)).await {
            Ok(Ok(status)) => models.push(kept(status)),
            Ok(Err(error)) => {
                notes.push(format!("the positions of {} are not in it: {error}", model.name));
            }
            Err(_) => {
                notes.push(format!("the positions of {} are not in it: no answer", model.name));
            }
        }
    }
    (data.log, models)
}

fn kept(status: status::ModelStatus) -> ModelKept {
    let position = |position: status::Position| PositionKept {
        stream: position.stream,
        partition: position.partition,
        applied: position.applied,
    };
    ModelKept {
        name: status.name.to_owned(),
        live: status.live,
        lag: status.lag,
        positions: status.positions.into_iter().map(position).collect(),
    }
}

fn note(manifest: &Manifest, notes: &mut Vec<String>) {
    let unreadable: u64 = manifest.partitions().map(|(_, kept)| kept.unreadable).sum();
    if unreadable > 0 {
        notes.push(format!(
            "the envelopes of {unreadable} events cannot be read; they are kept byte by byte, and `replay verify` names them"
        ));
    }
    if manifest.signer.is_none() {
        notes.push(
            "NOT SIGNED: whoever can write there can change it unseen; make a key with --new-key and use --key from then on"
                .to_owned(),
        );
    }
}
