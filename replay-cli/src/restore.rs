//! `replay restore`: a restore point into the log of the settings, after looking whether that can be done.
//!
//! Appends only, and only behind what is the same. Read models are not restored but rebuilt.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chimera_backup::{
    Answer, Cut, Place, Point, Restored, Restoring, Target, TrustedKey, preflight, until,
};
use chimera_codec::SchemaIds;
use chimera_config::{Config, LogKind};
use chimera_domain::time::Timestamp;
use chimera_log::{Control, ControlError, Decision};
use chimera_wiring::{LogToRead, SchemaHome, open_log_to_read, schemas};
use serde::Serialize;

use crate::cli::{OfPoint, RestoreOptions, at_once};
use crate::failure::Failure;
use crate::partition_bars::PartitionBars;
use crate::room;
use crate::schemas_kept::HomeSchemas;

/// What was restored, or could be.
#[derive(Debug, Serialize)]
pub struct RestoreReport {
    /// `done`; with `--dry-run` `ready`; `refused` if something is in the way.
    pub verdict: &'static str,
    /// The restore point.
    pub point: String,
    /// Whether it is signed.
    pub signed: bool,
    /// What was asked before anything was changed.
    pub answers: Vec<Answer>,
    /// Up to when, if not to its end.
    pub until: Option<Timestamp>,
    /// Where each partition ends.
    pub ends: Vec<End>,
    /// How many events of the restore point come after that.
    pub left_out: u64,
    /// How many events were appended.
    pub events: u64,
    /// How many were there already.
    pub there: u64,
    /// How long it took.
    pub seconds: f64,
    /// What an operator should know.
    pub notes: Vec<String>,
}

/// Where one partition ends.
#[derive(Debug, Serialize)]
pub struct End {
    /// The stream's name.
    pub stream: String,
    /// The partition's index.
    pub partition: u32,
    /// The last sequence.
    pub last: u64,
}

pub(crate) async fn restore(
    config: &Config,
    options: &RestoreOptions,
) -> Result<RestoreReport, Failure> {
    let started = Instant::now();
    let point = Arc::new(point(&options.of).await?);
    let cut = until(&point, options.until).await?;
    let (target, control) = target(config, options.dry_run)?;
    let mut answers = preflight(&point, &cut, &target).await?;
    if config.log.kind == LogKind::Embedded {
        answers.push(room::answer(&config.data_dir, needed(&point)));
    }
    let refused = answers.iter().any(|answer| !answer.good);
    let mut report = RestoreReport {
        verdict: if refused { "refused" } else { "ready" },
        point: point.manifest.name.clone(),
        signed: point.manifest.signer.is_some(),
        answers,
        until: options.until,
        ends: ends(&cut),
        left_out: cut.left_out,
        events: 0,
        there: 0,
        seconds: 0.0,
        notes: notes(config, &point),
    };
    if !refused && !options.dry_run {
        // As a node does at its start: the schemas of this release, and what each subject asks of later ones.
        schemas::ids(config).await.map_err(Failure::opening)?;
        let restored = restored(&point, cut, at_once(options.of.parallel), &target).await?;
        (report.events, report.there, report.verdict) = (restored.events, restored.there, "done");
        put_back(restored.control, control).await?;
        report.notes.extend(not_set(&point, &target));
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// The restore point that is meant, as far as it is to be trusted.
pub(crate) async fn point(of: &OfPoint) -> Result<Point, Failure> {
    let trust = of.trust.as_deref().map(TrustedKey::read).transpose()?;
    let place = Place::open(&of.from, false)?;
    Ok(Point::load(&place, &of.point, trust.as_ref()).await?)
}

async fn restored(
    point: &Arc<Point>,
    cut: Cut,
    parallel: usize,
    target: &Target,
) -> Result<Restored, Failure> {
    let bars = Arc::new(PartitionBars::new());
    let progress = bars.clone();
    let restoring = Restoring { point: point.clone(), cut, parallel, progress };
    let restored = chimera_backup::restore(restoring, target).await;
    bars.end();
    Ok(restored?)
}

/// What operators had decided, where nothing has been decided since.
async fn put_back(
    words: BTreeMap<String, Vec<u8>>,
    control: Option<Arc<dyn Control>>,
) -> Result<(), Failure> {
    let Some(control) = control else { return Ok(()) };
    let decided = tokio::task::spawn_blocking(move || {
        for (key, word) in words {
            let Ok(word) = String::from_utf8(word) else { continue };
            let decision = Decision { key: key.into(), known: None, word: Some(word.into()) };
            match control.decide(&decision) {
                Ok(()) | Err(ControlError::Overtaken(_)) => {}
                Err(error) => return Err(Failure::failed(error)),
            }
        }
        Ok(())
    });
    decided.await.map_err(Failure::failed)?
}

/// The log to restore into; only looking makes none.
fn target(config: &Config, dry_run: bool) -> Result<(Target, Option<Arc<dyn Control>>), Failure> {
    let dir = &config.data_dir;
    let embedded = config.log.kind == LogKind::Embedded;
    if embedded && dir.join("kafka.txt").exists() {
        let dir = dir.display();
        return Err(Failure::Usage(format!("{dir} belongs to a log on Kafka; use another --data")));
    }
    let home = SchemaHome::new(config, SchemaIds::default()).map_err(Failure::opening)?;
    let schemas = Arc::new(HomeSchemas(home));
    if embedded && dry_run && !dir.join("log").is_dir() {
        return Ok((Target { log: None, schemas }, None));
    }
    fs::create_dir_all(dir).map_err(|error| unusable(dir, &error))?;
    let LogToRead { log, control, .. } = open_log_to_read(config).map_err(Failure::opening)?;
    Ok((Target { log: Some(log), schemas }, Some(control)))
}

fn unusable(dir: &Path, error: &std::io::Error) -> Failure {
    Failure::Usage(format!("the data directory {} cannot be made: {error}", dir.display()))
}

/// Bytes that the log takes: the records, and the space that each partition keeps ready.
fn needed(point: &Point) -> u64 {
    let partitions = point.manifest.partitions().count() as u64;
    point.manifest.raw_bytes() + point.manifest.raw_bytes() / 20 + partitions * 1024 * 1024
}

/// Settings of topics that the restore point tells of and the target has not.
fn not_set(point: &Point, target: &Target) -> Vec<String> {
    let mut notes = Vec::new();
    for stream in &point.manifest.streams {
        let found = target.log.as_ref().and_then(|log| log.settings(&stream.name).ok());
        // A log without settings of its own has nothing to be set.
        let Some(found) = found.filter(|found| !found.is_empty()) else { continue };
        for (name, value) in &stream.settings {
            if found.get(name) != Some(value) {
                let stream = &stream.name;
                notes.push(format!(
                    "the topic of {stream} had {name}={value}, and it is not set here"
                ));
            }
        }
    }
    notes
}

fn ends(cut: &Cut) -> Vec<End> {
    let end = |(partition, last): (&chimera_log::Partition, &u64)| End {
        stream: partition.stream.to_string(),
        partition: partition.index,
        last: *last,
    };
    cut.ends.iter().map(end).collect()
}

fn notes(config: &Config, point: &Point) -> Vec<String> {
    let mut notes = Vec::new();
    let wanted = config.log.partitions();
    let others: BTreeMap<&str, usize> = point
        .manifest
        .streams
        .iter()
        .map(|stream| (&*stream.name, stream.partitions.len()))
        .filter(|(_, partitions)| u32::try_from(*partitions) != Ok(wanted))
        .collect();
    if let Some((stream, partitions)) = others.into_iter().next() {
        notes.push(format!(
            "{stream} has {partitions} partitions and the settings say {wanted}: set log.partitions={partitions} for the nodes"
        ));
    }
    if point.manifest.signer.is_none() {
        notes.push(
            "NOT SIGNED: nothing but checksums says that it is what was backed up".to_owned(),
        );
    }
    notes
}
