//! `replay drill`: the disaster rehearsed on a copy, and a report of the recovery time and point that were reached.
//!
//! Restore, rebuild and verification are those of the other verbs, on settings of its own: an embedded log and embedded stores in a
//! directory that is removed at the end, whatever the end is. Writes nothing else but the report. Never writes to the restore point, the
//! log, the control log or the stores of the settings.

mod chart;
mod kept;
mod live;
mod page;
mod rehearsal;
mod report;
mod scratch;
mod words;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chimera_backup::{Point, Proof, SigningKey};
use chimera_config::Config;
use chimera_domain::time::Timestamp;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use kept::CheckReport;
pub(crate) use report::DrillReport;
pub(crate) use words::{count, span, whole};

use crate::cli::{DrillOptions, OfPoint};
use crate::data::now;
use crate::failure::Failure;
use crate::output::Report;
use crate::restore;
use kept::Keeper;
use live::Live;
use rehearsal::Rehearsal;
use report::{Machine, PartitionDrilled, PointDrilled, Rpo, Rto};
use scratch::Scratch;

/// How long what is at work may take to end before the copy is removed.
const END: Duration = Duration::from_secs(10);

pub(crate) async fn drill(config: &Config, options: &DrillOptions) -> Result<Report, Failure> {
    if let Some(file) = &options.check {
        return kept::check(file, options.trust.as_deref()).map(Report::DrillCheck);
    }
    let (config, options) = (config.clone(), options.clone());
    let report = tokio::task::spawn_blocking(move || drilled(&config, &options)).await;
    report.map_err(Failure::failed)?.map(Box::new).map(Report::Drill)
}

/// On a runtime of its own: when that is shut down, nothing is at work any more that could write into the copy.
fn drilled(config: &Config, options: &DrillOptions) -> Result<DrillReport, Failure> {
    let directory = options.report.as_deref().unwrap_or(Path::new("."));
    let key = options.key.as_deref().map(SigningKey::read).transpose()?;
    let keeper = Keeper::at(directory, key)?;
    let runtime = Runtime::new().map_err(Failure::failed)?;
    let mut scratch = None;
    let ended = runtime.block_on(unless_interrupted(async {
        let asked = Asked::of(options).await?;
        let made = scratch.insert(Scratch::make(&asked.parent)?);
        asked.rehearsed(config, made.data()).await
    }));
    runtime.shutdown_timeout(END);
    let removed = scratch.map_or(Ok(()), Scratch::remove);
    let report = keeper.keep(ended?)?;
    removed.map(|()| report)
}

/// Gives the work up when somebody asks the process to end.
async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let of = |kind| signal(kind).map_err(Failure::failed);
    let (mut interrupt, mut terminate, mut hangup) =
        (of(SignalKind::interrupt())?, of(SignalKind::terminate())?, of(SignalKind::hangup())?);
    tokio::select! {
        done = work => done,
        _ = interrupt.recv() => Err(interrupted()),
        _ = terminate.recv() => Err(interrupted()),
        _ = hangup.recv() => Err(interrupted()),
    }
}

fn interrupted() -> Failure {
    Failure::Failed(
        "the drill was interrupted; its copy is removed, and there is no report".to_owned(),
    )
}

/// What is to be rehearsed.
struct Asked {
    of: OfPoint,
    point: Point,
    parent: PathBuf,
    rto: Option<u32>,
    rpo: Option<u32>,
}

impl Asked {
    async fn of(options: &DrillOptions) -> Result<Self, Failure> {
        let of = OfPoint {
            from: options.from.clone().unwrap_or_default(),
            point: options.point.clone(),
            trust: options.trust.clone(),
            parallel: options.parallel,
        };
        let point = restore::point(&of).await?;
        // From here on the same one, even if a newer one comes.
        let of = OfPoint { point: point.manifest.name.clone(), ..of };
        let parent = options.scratch.clone().unwrap_or_else(std::env::temp_dir);
        Ok(Self { of, point, parent, rto: options.rto, rpo: options.rpo })
    }

    /// All of it, in the directory `data`; a step that fails is in the report.
    async fn rehearsed(self, config: &Config, data: PathBuf) -> Result<DrillReport, Failure> {
        let live = Live::look(config, &self.point, data.with_file_name("beside")).await;
        let began = now();
        let partitions = self.point.manifest.streams.iter().map(|stream| stream.partitions.len());
        let partitions = partitions.max().and_then(|most| u32::try_from(most).ok()).unwrap_or(1);
        let mut rehearsal = Rehearsal {
            report: self.report(began),
            config: rehearsal::settings(data.clone(), partitions),
            of: self.of,
            started: Instant::now(),
        };
        // Why it stopped is in the report.
        if rehearsal.all().await.is_ok() {
            rehearsal.beside(live.compared_with(&data).await, began.0);
        } else {
            rehearsal.beside(Live::Unknown("the drill did not come to its end".into()), began.0);
        }
        let mut report = rehearsal.report;
        report.ended = words::time(now());
        report.judge();
        Ok(report)
    }

    fn report(&self, began: Timestamp) -> DrillReport {
        let Self { point, rto, rpo, .. } = self;
        let rto = Rto { target_seconds: *rto, ..Rto::default() };
        DrillReport {
            verdict: "failed",
            began: words::time(began),
            ended: String::new(),
            problem: None,
            rto,
            rpo: Rpo { target_seconds: *rpo, ..newest(point, began) },
            point: of_point(point),
            steps: Vec::new(),
            restored: None,
            log: None,
            partitions: point.manifest.partitions().map(of_partition).collect(),
            models: Vec::new(),
            machine: Machine::this(),
            signer: None,
            files: Vec::new(),
            notes: notes(point),
        }
    }
}

/// What the restore point itself says: at most so much is lost, if nothing has happened since but what it lacks.
fn newest(point: &Point, began: Timestamp) -> Rpo {
    let segments = point.manifest.partitions().flat_map(|(_, kept)| &kept.segments);
    let newest = segments.map(|segment| segment.content.recorded_to).max();
    let age = newest.map(|newest| words::seconds_between(newest.0, began.0));
    Rpo {
        reached_seconds: age,
        newest_at: newest.map(words::time),
        age_seconds: age,
        ..Rpo::default()
    }
}

fn of_point(point: &Point) -> PointDrilled {
    let manifest = &point.manifest;
    PointDrilled {
        place: point.place.name().to_owned(),
        name: manifest.name.clone(),
        program: manifest.program.clone(),
        source: manifest.source.clone(),
        began: words::time(manifest.began),
        signed: manifest.signer.is_some(),
        trusted: point.proof == Proof::Trusted,
        events: manifest.events(),
        bytes: manifest.bytes(),
        raw_bytes: manifest.raw_bytes(),
    }
}

fn of_partition(
    (partition, kept): (chimera_log::Partition, &chimera_backup::PartitionKept),
) -> PartitionDrilled {
    PartitionDrilled {
        stream: partition.stream.to_string(),
        partition: partition.index,
        restored: kept.end,
        live: None,
        lacking: None,
        lacking_from: None,
        lacking_to: None,
    }
}

fn notes(point: &Point) -> Vec<String> {
    let mut notes = Vec::new();
    match point.proof {
        Proof::Trusted => {}
        Proof::Signed => notes.push(
            "the restore point is signed, and --trust did not say whose signature to trust"
                .to_owned(),
        ),
        Proof::Unsigned => {
            notes.push(
                "the restore point is NOT SIGNED: whoever can write there can change it".to_owned(),
            );
        }
    }
    if cfg!(debug_assertions) {
        notes.push(
            "a build that is not optimised: its times say nothing of a real recovery".to_owned(),
        );
    }
    notes
}
