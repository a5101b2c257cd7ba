//! The command line: verbs, flags, help.

mod backup;
pub(crate) mod completions;
mod dlq;
mod drill;
mod export;
mod generations;
mod inspect;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use chimera_config::Config;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::failure::Failure;

pub(crate) use backup::at_once;
pub(crate) use backup::{BackupOptions, OfPoint, RestoreOptions, VerifyBackupOptions};
pub(crate) use dlq::{DlqVerb, OneAggregate};
pub(crate) use drill::DrillOptions;
pub(crate) use export::ExportOptions;
pub(crate) use generations::{Decided, DropOptions, PromoteOptions, RollbackOptions};
pub(crate) use inspect::{InspectVerb, OfAggregate};
pub(crate) use run::{Chosen, RunOptions};

/// Usage or configuration.
pub(crate) const EXIT_USAGE: u8 = 64;

const EXIT_CODES: &str = "Exit codes:
  0   done; with `verify`: everything is identical
  1   a difference was found, or the work failed
  64  wrong usage or configuration";

/// Rebuilds read models from the log, proves them by content, and says how everything stands.
#[derive(Debug, Parser)]
#[command(name = "replay", version, after_help = format!("{EXIT_CODES}

Examples:
  replay status
  replay --data /var/lib/chimera verify --format json"))]
pub struct Cli {
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// How the report on stdout is written.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Which log and which stores: the settings of the nodes themselves.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// The settings file of the nodes (TOML); over it `CHIMERA_*` from the environment, over that these flags.
    #[arg(long, global = true, env = "CHIMERA_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory: an embedded log is in DIR/log, embedded read models are in DIR/read.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Any other setting of the nodes, such as log.kind=kafka; may be repeated.
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Settings {
    /// The settings in force.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        let mut flags = Vec::new();
        if let Some(data) = &self.data {
            flags.push(("data_dir".to_owned(), data.display().to_string()));
        }
        for pair in &self.set {
            let Some((key, value)) = pair.split_once('=') else {
                return Err(Failure::Usage(format!("{pair}: must be KEY=VALUE")));
            };
            flags.push((key.to_owned(), value.to_owned()));
        }
        let loaded = Config::load(self.config.as_deref(), std::env::vars(), &flags);
        loaded.map_err(|error| Failure::Usage(error.to_string()))
    }
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines.
    Text,
    /// One JSON object.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show what the log holds and how far each read model has applied it.
    #[command(after_help = "Examples:
  replay status
  replay status --format json | jq '.models[] | {name, lag}'")]
    Status,
    /// Rebuild read models from the log into a new generation beside the live one.
    #[command(after_help = run::help())]
    Run(RunOptions),
    /// Let readers see another generation, from one moment on.
    #[command(after_help = generations::PROMOTE)]
    Promote(PromoteOptions),
    /// Let readers see the generation before again.
    #[command(after_help = generations::ROLLBACK)]
    Rollback(RollbackOptions),
    /// Remove generations that nobody reads.
    #[command(after_help = generations::DROP)]
    Drop(DropOptions),
    /// Say what a rebuild would read and write, how long it takes, and what is in its way; changes nothing.
    #[command(after_help = format!("{EXIT_CODES}

Examples:
  replay plan --all
  replay plan order_details --format json"))]
    Plan(PlanOptions),
    /// Prove by content that read models are what the log says; changes nothing.
    #[command(after_help = format!("{EXIT_CODES}

Examples:
  replay verify
  replay verify orders_by_customer --format json"))]
    Verify(VerifyOptions),
    /// See to events that could not be applied, and wait with all later ones of their aggregate.
    #[command(after_help = dlq::HELP)]
    Dlq {
        /// What to do with them.
        #[command(subcommand)]
        verb: DlqVerb,
    },
    /// Look at single things in the log: an aggregate and its past, an event, what followed from a request.
    #[command(after_help = inspect::HELP)]
    Inspect {
        /// What to look at.
        #[command(subcommand)]
        verb: InspectVerb,
    },
    /// Write what the log holds into files for analytics: events, fact and dimension tables.
    #[command(after_help = export::HELP)]
    Export(ExportOptions),
    /// Write a script that completes verbs and flags in a shell.
    #[command(after_help = completions::HELP)]
    Completions {
        /// For which shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write a restore point of the log, its schemas and where everything stands, to a directory or an object store.
    #[command(after_help = backup::backup_help())]
    Backup(BackupOptions),
    /// Restore a restore point into an empty log, or go on with it.
    #[command(after_help = backup::restore_help())]
    Restore(RestoreOptions),
    /// Check that a restore point is still what was written.
    #[command(after_help = backup::verify_backup_help())]
    VerifyBackup(VerifyBackupOptions),
    /// Rehearse the disaster on a copy: restore, rebuild, prove, and report how long it took and what would be lost.
    #[command(after_help = drill::HELP)]
    Drill(DrillOptions),
}

/// Which rebuild to plan.
#[derive(Debug, Clone, Args)]
pub struct PlanOptions {
    /// Which read models.
    #[command(flatten)]
    pub chosen: Chosen,
    /// Measure how fast events are rebuilt, in scratch stores that are gone afterwards, where no run has left a rate. For
    /// embedded stores.
    #[arg(long)]
    pub calibrate: bool,
    /// Where to measure; in the data directory unless given.
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
}

/// Which read models to prove, and how.
#[derive(Debug, Clone, Default, Args)]
pub struct VerifyOptions {
    /// Names of read models; all when none is given.
    #[arg(value_name = "MODEL")]
    pub models: Vec<String>,
    /// Where to rebuild for the comparison; in the data directory unless given. Needs as much room as the read models.
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
    /// This generation instead of the live one.
    #[arg(long, value_name = "N")]
    pub generation: Option<u32>,
    /// Compare with this generation instead of with what the log gives. What differs is judged by the log, so both may be
    /// fed meanwhile and stand at different positions.
    #[arg(long, value_name = "N")]
    pub against: Option<u32>,
    /// Only the log itself; no store is opened.
    #[arg(long, conflicts_with_all = ["models", "scratch", "generation", "against"])]
    pub log: bool,
    /// How many differing keys of each table are named.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub named: usize,
}

impl Cli {
    /// Reads the command line; help and mistakes are written here.
    ///
    /// # Errors
    /// With the exit code, where there is nothing to execute.
    pub fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(EXIT_USAGE) } else { ExitCode::SUCCESS }
        })
    }

    /// The verb's name, as reports show it.
    #[must_use]
    pub fn verb_name(&self) -> &'static str {
        match self.verb {
            Verb::Status => "status",
            Verb::Plan(_) => "plan",
            Verb::Completions { .. } => "completions",
            Verb::Run(_) => "run",
            Verb::Promote(_) => "promote",
            Verb::Rollback(_) => "rollback",
            Verb::Drop(_) => "drop",
            Verb::Verify(_) => "verify",
            Verb::Dlq { .. } => "dlq",
            Verb::Inspect { .. } => "inspect",
            Verb::Export(_) => "export",
            Verb::Backup(_) => "backup",
            Verb::Restore(_) => "restore",
            Verb::VerifyBackup(_) => "verify-backup",
            Verb::Drill(_) => "drill",
        }
    }
}
