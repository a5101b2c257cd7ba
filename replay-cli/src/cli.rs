//! The command line: verbs, flags, help.

mod backup;
mod inspect;

use std::path::PathBuf;
use std::process::ExitCode;

use chimera_config::Config;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::failure::Failure;

pub(crate) use backup::at_once;
pub(crate) use backup::{BackupOptions, OfPoint, RestoreOptions, VerifyBackupOptions};
pub(crate) use inspect::{InspectVerb, OfAggregate};

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
    /// Rebuild read models from the first event beside the live ones, then swap.
    #[command(after_help = format!("{EXIT_CODES}

Examples:
  replay run --all
  replay run order_details daily_revenue"))]
    Run(Chosen),
    /// Prove by content that read models are what the log says; changes nothing.
    #[command(after_help = format!("{EXIT_CODES}

Examples:
  replay verify
  replay verify orders_by_customer --format json"))]
    Verify(VerifyOptions),
    /// See to events that could not be applied, and wait with all later ones of their aggregate.
    #[command(after_help = DLQ_HELP)]
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
    /// Write a restore point of the log, its schemas and where everything stands, to a directory or an object store.
    #[command(after_help = backup::backup_help())]
    Backup(BackupOptions),
    /// Restore a restore point into an empty log, or go on with it.
    #[command(after_help = backup::restore_help())]
    Restore(RestoreOptions),
    /// Check that a restore point is still what was written.
    #[command(after_help = backup::verify_backup_help())]
    VerifyBackup(VerifyBackupOptions),
}

const DLQ_HELP: &str = "Letters are those of the live generation. With a log in the data directory, `retry` and `drop` are \
carried out before the command ends; on Kafka they are left as requests, which the node that feeds the partition carries out \
within a second. A rebuild (`replay run`) begins without dead letters: an event that still cannot be applied comes back, \
a dropped one too.

Examples:
  replay dlq list
  replay dlq retry order_details O-1001";

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub enum DlqVerb {
    /// List the aggregates that wait, with their first event.
    List {
        /// Names of read models; all when none is given.
        #[arg(value_name = "MODEL")]
        models: Vec<String>,
    },
    /// Show every event of one aggregate that waits, as far as it can be decoded. May show personal data.
    Show(OneAggregate),
    /// Try again: one aggregate, or everything that waits.
    Retry {
        /// The read model; all of them when none is given.
        #[arg(value_name = "MODEL", required_unless_present = "all")]
        model: Option<String>,
        /// The aggregate's id; without it, everything of the model.
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// Everything of every read model.
        #[arg(long, conflicts_with = "model")]
        all: bool,
    },
    /// Never apply the first event of an aggregate, or all that wait now; what is left waits until it is tried again.
    Drop {
        #[command(flatten)]
        of: OneAggregate,
        /// Why; kept in the audit with your name.
        #[arg(long)]
        reason: String,
        /// All events of the aggregate that wait now, not only the first.
        #[arg(long)]
        all: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// An aggregate in a read model.
#[derive(Debug, Clone, Args)]
pub struct OneAggregate {
    /// The read model.
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// The aggregate's id.
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Which read models to rebuild.
#[derive(Debug, Clone, Args)]
pub struct Chosen {
    /// Names of read models, as `replay status` shows them.
    #[arg(value_name = "MODEL", required_unless_present = "all")]
    pub models: Vec<String>,
    /// All of them.
    #[arg(long, conflicts_with = "models")]
    pub all: bool,
}

/// Which read models to prove, and how.
#[derive(Debug, Clone, Args)]
pub struct VerifyOptions {
    /// Names of read models; all when none is given.
    #[arg(value_name = "MODEL")]
    pub models: Vec<String>,
    /// Where to rebuild for the comparison; in the data directory unless given. Needs as much room as the read models.
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
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
            Verb::Run(_) => "run",
            Verb::Verify(_) => "verify",
            Verb::Dlq { .. } => "dlq",
            Verb::Inspect { .. } => "inspect",
            Verb::Backup(_) => "backup",
            Verb::Restore(_) => "restore",
            Verb::VerifyBackup(_) => "verify-backup",
        }
    }
}
