//! The steps of a drill, one after the other, by the same functions that the other verbs call, on settings of its own.
//!
//! The clock of the RTO runs from the first step to the last. Stops at the first step that does not come to its end.

use std::time::Instant;

use chimera_config::{Config, Log, LogKind};

use super::live::{Live, LiveEnd};
use super::report::Step;
use super::report::{
    DrillReport, LogDrilled, ModelDrilled, PartitionDrilled, Restored, TableDrilled, rate,
};
use super::words;
use crate::cli::{Chosen, OfPoint, RestoreOptions, RunOptions, VerifyBackupOptions, VerifyOptions};
use crate::run::{Rebuilt, RunReport};
use crate::verify::{ModelReport, VerifyReport};
use crate::{restore, run, verify, verify_backup};

/// A drill on its way.
pub(super) struct Rehearsal {
    /// Of the copy.
    pub(super) config: Config,
    pub(super) of: OfPoint,
    pub(super) started: Instant,
    pub(super) report: DrillReport,
}

/// A step did not come to its end; the report says why.
pub(super) struct Stopped;

/// The settings of the copy: everything in one directory, nothing of the live ones.
pub(super) fn settings(data: std::path::PathBuf, partitions: u32) -> Config {
    let log = Log { kind: LogKind::Embedded, partitions: Some(partitions) };
    Config { data_dir: data, log, ..Config::default() }
}

impl Rehearsal {
    pub(super) async fn all(&mut self) -> Result<(), Stopped> {
        self.check().await?;
        self.restore().await?;
        self.rebuild().await?;
        self.verify().await
    }

    async fn check(&mut self) -> Result<(), Stopped> {
        let begun = self.begin("check");
        let options = VerifyBackupOptions { of: self.of.clone(), deep: false };
        let checked = verify_backup::verify_backup(&options).await;
        let said = match checked {
            Ok(report) => match report.faults.first() {
                None => Ok(format!("every object is there, {}", words::bytes(report.bytes))),
                Some(fault) => Err(format!(
                    "{} objects are not as they were written: {} {}",
                    report.faults.len(),
                    fault.object,
                    fault.reason
                )),
            },
            Err(failure) => Err(failure.to_string()),
        };
        self.end(begun, said)
    }

    async fn restore(&mut self) -> Result<(), Stopped> {
        let begun = self.begin("restore");
        let options = RestoreOptions { of: self.of.clone(), until: None, dry_run: false };
        let restored = restore::restore(&self.config, &options).await;
        let said = match restored {
            Ok(report) if report.verdict == "done" => {
                Ok(self.restored(report.events, begun.since.elapsed().as_secs_f64()))
            }
            Ok(report) => {
                let refused = report.answers.iter().find(|answer| !answer.good);
                let why = refused.map_or("", |answer| &*answer.said);
                Err(format!("it cannot be restored: {why}"))
            }
            Err(failure) => Err(failure.to_string()),
        };
        self.end(begun, said)
    }

    fn restored(&mut self, events: u64, seconds: f64) -> String {
        let bytes = self.report.point.raw_bytes;
        let restored = Restored {
            events,
            bytes,
            events_per_second: rate(events, seconds),
            bytes_per_second: rate(bytes, seconds),
        };
        let said = format!("{} events, {} of records", words::count(events), words::bytes(bytes));
        self.report.restored = Some(restored);
        said
    }

    async fn rebuild(&mut self) -> Result<(), Stopped> {
        let begun = self.begin("rebuild");
        let chosen = Chosen { all: true, ..Chosen::default() };
        let options = RunOptions { chosen, parallel: self.of.parallel, ..RunOptions::default() };
        let said = match run::run(&self.config, &options).await {
            Ok(report) => self.rebuilt(report),
            Err(failure) => Err(failure.to_string()),
        };
        self.end(begun, said)?;
        self.report.rto.rebuilt_seconds = Some(self.seconds());
        Ok(())
    }

    fn rebuilt(&mut self, report: RunReport) -> Result<String, String> {
        let of = |model: &Rebuilt| Some(format!("{}: {}", model.name, model.problem.as_ref()?));
        let problem = report.models.iter().find_map(of);
        self.report.models = report.models.into_iter().map(drilled).collect();
        let events = self.report.models.iter().map(|model| model.events).sum();
        let models = self.report.models.len();
        match problem {
            Some(problem) => Err(problem),
            None => Ok(format!("{models} read models from {} events", words::count(events))),
        }
    }

    async fn verify(&mut self) -> Result<(), Stopped> {
        let begun = self.begin("verify");
        let options = VerifyOptions { named: 20, ..VerifyOptions::default() };
        match verify::verify(&self.config, &options).await {
            Ok(report) => {
                let (identical, said) = self.verified(report);
                self.step(&begun, identical, said);
                self.report.rto.proved_seconds = identical.then(|| self.seconds());
                Ok(())
            }
            Err(failure) => self.end(begun, Err(failure.to_string())),
        }
    }

    /// Whether everything is what it should be, in words.
    fn verified(&mut self, report: VerifyReport) -> (bool, String) {
        let identical = report.verdict == "identical";
        let log = report.log;
        let faults = log.faults.len();
        self.report.log = Some(LogDrilled { verdict: log.verdict, events: log.events, faults });
        for found in report.models {
            self.found(found);
        }
        let tables = self.report.models.iter().flat_map(|model| &model.tables);
        let rows = tables.map(|table| table.rows).sum();
        let different =
            self.report.models.iter().filter(|model| model.verdict != Some("identical"));
        let rows = words::count(rows);
        let said = match different.count() {
            0 if identical => {
                format!("{rows} rows are what the log says; the log is {}", log.verdict)
            }
            0 => format!("the log is {}: {faults} faults", log.verdict),
            count => format!("{count} read models differ; the log is {}", log.verdict),
        };
        (identical, said)
    }

    fn found(&mut self, found: ModelReport) {
        let of = |model: &&mut ModelDrilled| model.name == found.name;
        let Some(model) = self.report.models.iter_mut().find(of) else { return };
        model.verdict = Some(found.verdict);
        model.problems = found.problems;
        model.tables = found.tables.into_iter().map(TableDrilled::from).collect();
    }

    /// What the live log says of the events that the restore point lacks.
    pub(super) fn beside(&mut self, live: Live, now: i64) {
        match live {
            Live::Unknown(reason) => self.report.rpo.live = format!("unknown: {reason}"),
            Live::Known(ends) => {
                let from = ends.values().filter_map(|end| end.first_lacking).min();
                let to = ends.values().filter_map(|end| end.last_lacking).max();
                let lacking: u64 = ends.values().map(LiveEnd::lacking).sum();
                self.report.partitions = ends.iter().map(partition).collect();
                let rpo = &mut self.report.rpo;
                rpo.lacking = Some(lacking);
                (rpo.lacking_from, rpo.lacking_to) = (from.map(words::time), to.map(words::time));
                rpo.live = match lacking {
                    0 => "the restore point lacks nothing of the live log".to_owned(),
                    _ => format!("the live log has {} events more", words::count(lacking)),
                };
                let lost = match (lacking, from) {
                    (0, _) => Some(0.0),
                    (_, from) => from.map(|from| words::seconds_between(from.0, now)),
                };
                rpo.is_exact = lost.is_some();
                rpo.reached_seconds = lost.or(rpo.reached_seconds);
            }
        }
    }

    fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    fn begin(&self, name: &'static str) -> Begun {
        words::aloud(&format!("drill: {name}"));
        Begun { name, at_seconds: self.seconds(), since: Instant::now() }
    }

    fn end(&mut self, begun: Begun, said: Result<String, String>) -> Result<(), Stopped> {
        match said {
            Ok(said) => {
                self.step(&begun, true, said);
                Ok(())
            }
            Err(reason) => {
                self.report.problem = Some(format!("{}: {reason}", begun.name));
                self.step(&begun, false, reason);
                Err(Stopped)
            }
        }
    }

    fn step(&mut self, begun: &Begun, good: bool, said: String) {
        let Begun { name, at_seconds, since } = *begun;
        let seconds = since.elapsed().as_secs_f64();
        self.report.steps.push(Step { name, at_seconds, seconds, good, said });
    }
}

/// A step that has begun.
#[derive(Clone, Copy)]
struct Begun {
    name: &'static str,
    at_seconds: f64,
    since: Instant,
}

fn drilled(model: Rebuilt) -> ModelDrilled {
    ModelDrilled {
        name: model.name,
        events: model.events,
        seconds: model.seconds,
        events_per_second: rate(model.events, model.seconds),
        parked_events: model.parked_events,
        verdict: None,
        problems: model.problem.into_iter().collect(),
        tables: Vec::new(),
    }
}

fn partition((at, end): (&chimera_log::Partition, &LiveEnd)) -> PartitionDrilled {
    PartitionDrilled {
        stream: at.stream.to_string(),
        partition: at.index,
        restored: end.restored,
        live: Some(end.last),
        lacking: Some(end.lacking()),
        lacking_from: end.first_lacking.map(words::time),
        lacking_to: end.last_lacking.map(words::time),
    }
}
