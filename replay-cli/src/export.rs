//! `replay export`: the log as files for analytics. What is in them is the export's; here is what to read, and what to say of it.
//!
//! Opens the log and nothing else, so that it works where every store is lost.

mod parts;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use chimera_config::Config;
use chimera_export::{
    Chosen, Days, Destination, Export, ExportError, Manifest, PartWritten, Position, Undecodable,
    Window, write_dim_date,
};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::cli::ExportOptions;
use crate::failure::Failure;
use crate::open_log::OpenLog;
use crate::progress::{Progress, Step};
use crate::rebuild::one_per_core;

/// What was exported.
#[derive(Debug, Serialize)]
pub struct ExportReport {
    /// `done`, `dry_run`, or `incomplete` where events could not be decoded.
    pub verdict: &'static str,
    /// The directory.
    pub to: String,
    /// Its tables, in the order of their names; none of a dry run.
    pub tables: Vec<TableReport>,
    /// What was read, or would be.
    pub positions: Vec<Position>,
    /// Events that could not be decoded; at most twenty of each partition.
    pub undecodable: Vec<Undecodable>,
    /// How long it took.
    pub seconds: f64,
}

/// A table that was exported.
#[derive(Debug, Default, Serialize)]
pub struct TableReport {
    /// Its name and directory.
    pub name: String,
    /// How many files.
    pub files: u64,
    /// How many rows.
    pub rows: u64,
    /// How large all files are.
    pub bytes: u64,
}

pub(crate) async fn export(
    config: &Config,
    options: &ExportOptions,
) -> Result<ExportReport, Failure> {
    let started = Instant::now();
    let chosen = parts::chosen(options)?;
    Destination::check(&options.to, options.replace)?;
    let source = Arc::new(OpenLog::open(config).await?);
    let parts = parts::parts(&source, &chosen, options)?;
    let window = Window { from: options.from, until: options.until };
    let files = options.files.into();
    let mut manifest = Manifest::new(files, window);
    if options.dry_run {
        let positions = parts.iter().map(parts::position).collect();
        return Ok(report(options, Manifest { positions, ..manifest }, started));
    }
    let destination = Destination::prepare(&options.to, options.replace)?;
    let dir = destination.staging().to_owned();
    let export = Arc::new(Export { dir, files, chosen, window });
    let mut days = Days::default();
    for part in all(&source, &export, parts).await? {
        days.include_all(part.days);
        manifest.add(part);
    }
    if export.chosen.contains(&Chosen::DimDate) {
        manifest.files.push(write_dim_date(&export.dir, files, days)?);
    }
    manifest.files.sort();
    destination.publish(&manifest)?;
    Ok(report(options, manifest, started))
}

/// Every partition, so many at once as there are cores; in their order.
async fn all(
    source: &Arc<OpenLog>,
    export: &Arc<Export>,
    parts: Vec<chimera_export::Part>,
) -> Result<Vec<PartWritten>, Failure> {
    let records = |part: &chimera_export::Part| {
        let stream = &part.partition.stream;
        let passes = export.passes(stream);
        passes * part.end - if passes == 1 { part.after.min(part.end) } else { 0 }
    };
    let total = parts.iter().map(records).sum();
    let step = Arc::new(Progress::new().step("export", total, "records"));
    let cores = one_per_core();
    let mut tasks = JoinSet::new();
    for (index, part) in parts.into_iter().enumerate() {
        let (source, export, step) = (source.clone(), export.clone(), step.clone());
        let cores = cores.clone();
        tasks.spawn(async move {
            let _core = cores.acquire_owned().await;
            (index, parts::part(&source, &export, &part, &step).await)
        });
    }
    let mut written = BTreeMap::new();
    // The first failure ends the others: what they would write is given up anyway.
    while let Some(task) = tasks.join_next().await {
        let (index, part) = task.map_err(Failure::failed)?;
        match part {
            Ok(part) => written.insert(index, part),
            Err(error) => {
                tasks.shutdown().await;
                return Err(error.into());
            }
        };
    }
    Step::end_shared(step);
    Ok(written.into_values().collect())
}

fn report(options: &ExportOptions, manifest: Manifest, started: Instant) -> ExportReport {
    let mut tables: BTreeMap<String, TableReport> = BTreeMap::new();
    for file in manifest.files {
        let table = tables.entry(file.table.clone()).or_default();
        table.name = file.table;
        table.files += 1;
        table.rows += file.rows;
        table.bytes += file.bytes;
    }
    let verdict = match (options.dry_run, manifest.complete) {
        (true, _) => "dry_run",
        (false, true) => "done",
        (false, false) => "incomplete",
    };
    ExportReport {
        verdict,
        to: options.to.display().to_string(),
        tables: tables.into_values().collect(),
        positions: manifest.positions,
        undecodable: manifest.undecodable,
        seconds: started.elapsed().as_secs_f64(),
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Refused(reason) => Self::Usage(reason),
            ExportError::Read(_) | ExportError::Write { .. } | ExportError::Row { .. } => {
                Self::failed(error)
            }
        }
    }
}
