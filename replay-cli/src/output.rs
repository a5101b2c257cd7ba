//! Reports on stdout: one JSON object with the same envelope for every verb, or lines for people.

mod backups;
mod drilled;
mod exported;
mod generations;
mod inspected;
mod letters;
mod planned;
mod text;

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use crate::backup::BackupReport;
use crate::cli::{Cli, EXIT_USAGE, Format};
use crate::dlq::DlqReport;
use crate::drill::{CheckReport, DrillReport};
use crate::drop_generations::DropReport;
use crate::export::ExportReport;
use crate::failure::Failure;
use crate::inspect::InspectReport;
use crate::plan::PlanReport;
use crate::restore::RestoreReport;
use crate::run::RunReport;
use crate::status::StatusReport;
use crate::switch::SwitchReport;
use crate::verify::VerifyReport;
use crate::verify_backup::VerifyBackupReport;

/// Of the envelope and of the reports in it; members may be added without a new number.
const FORMAT: u32 = 1;

/// What a verb has to say.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Report {
    /// Of `replay status`.
    Status(StatusReport),
    /// Of `replay plan`.
    Plan(PlanReport),
    /// Of `replay run`.
    Run(RunReport),
    /// Of `replay promote` and `replay rollback`.
    Switch(SwitchReport),
    /// Of `replay drop`.
    Drop(DropReport),
    /// Of `replay verify`.
    Verify(VerifyReport),
    /// Of `replay dlq`.
    Dlq(DlqReport),
    /// Of `replay inspect`.
    Inspect(InspectReport),
    /// Of `replay export`.
    Export(ExportReport),
    /// Of `replay backup`.
    Backup(BackupReport),
    /// Of `replay restore`.
    Restore(RestoreReport),
    /// Of `replay verify-backup`.
    VerifyBackup(VerifyBackupReport),
    /// Of `replay drill`.
    Drill(Box<DrillReport>),
    /// Of `replay drill --check`.
    DrillCheck(CheckReport),
}

impl Report {
    /// Whether the exit code is 0.
    #[must_use]
    pub fn is_good(&self) -> bool {
        match self {
            Self::Status(_) | Self::Dlq(_) | Self::Inspect(_) | Self::Drop(_) | Self::Backup(_) => {
                true
            }
            Self::Run(report) => report.verdict != "failed",
            Self::Switch(report) => report.verdict != "refused",
            Self::Export(report) => report.verdict != "incomplete",
            Self::Restore(report) => report.verdict != "refused",
            Self::VerifyBackup(report) => report.verdict == "sound",
            Self::Plan(report) => report.verdict == "ready",
            Self::Verify(report) => report.verdict == "identical",
            Self::Drill(report) => report.verdict == "reached",
            Self::DrillCheck(report) => report.verdict == "authentic",
        }
    }
}

/// What every JSON answer looks like.
#[derive(Serialize)]
struct Envelope<R> {
    format: u32,
    command: &'static str,
    #[serde(flatten)]
    report: R,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    Report(&'a Report),
    Failure { verdict: &'static str, error: String },
}

/// Writes the report or the failure and gives the exit code.
pub(crate) fn write(cli: &Cli, report: &Result<Report, Failure>) -> ExitCode {
    if let Err(failure) = report {
        let _ = writeln!(io::stderr(), "error: {failure}");
    }
    let written = match (cli.format, report) {
        (Format::Json, _) => json(cli, report),
        (Format::Text, Ok(report)) => text::write(&mut io::stdout().lock(), report),
        (Format::Text, Err(_)) => Ok(()),
    };
    match report {
        // Nobody has read the report: that is not success.
        _ if written.is_err() => ExitCode::FAILURE,
        Ok(report) if report.is_good() => ExitCode::SUCCESS,
        Ok(_) | Err(Failure::Failed(_)) => ExitCode::FAILURE,
        Err(Failure::Usage(_)) => ExitCode::from(EXIT_USAGE),
    }
}

/// What `--format json` writes of this report, to be kept in a file.
pub(crate) fn enveloped(command: &'static str, report: impl Serialize) -> io::Result<Vec<u8>> {
    let envelope = Envelope { format: FORMAT, command, report };
    let mut bytes = serde_json::to_vec_pretty(&envelope)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn json(cli: &Cli, report: &Result<Report, Failure>) -> io::Result<()> {
    let report = match report {
        Ok(report) => Answer::Report(report),
        Err(failure) => Answer::Failure { verdict: "failed", error: failure.to_string() },
    };
    io::stdout().lock().write_all(&enveloped(cli.verb_name(), report)?)
}
