//! Reports on stdout: one JSON object with the same envelope for every verb, or lines for people.

mod backups;
mod inspected;
mod letters;
mod text;

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use crate::backup::BackupReport;
use crate::cli::{Cli, EXIT_USAGE, Format};
use crate::dlq::DlqReport;
use crate::failure::Failure;
use crate::inspect::InspectReport;
use crate::restore::RestoreReport;
use crate::run::RunReport;
use crate::status::StatusReport;
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
    /// Of `replay run`.
    Run(RunReport),
    /// Of `replay verify`.
    Verify(VerifyReport),
    /// Of `replay dlq`.
    Dlq(DlqReport),
    /// Of `replay inspect`.
    Inspect(InspectReport),
    /// Of `replay backup`.
    Backup(BackupReport),
    /// Of `replay restore`.
    Restore(RestoreReport),
    /// Of `replay verify-backup`.
    VerifyBackup(VerifyBackupReport),
}

impl Report {
    /// Whether the exit code is 0.
    #[must_use]
    pub fn is_good(&self) -> bool {
        match self {
            Self::Status(_) | Self::Dlq(_) | Self::Inspect(_) | Self::Backup(_) => true,
            Self::Restore(report) => report.verdict != "refused",
            Self::VerifyBackup(report) => report.verdict == "sound",
            Self::Run(report) => report.verdict == "done",
            Self::Verify(report) => report.verdict == "identical",
        }
    }
}

/// What every JSON answer looks like.
#[derive(Serialize)]
struct Envelope<'a> {
    format: u32,
    command: &'static str,
    #[serde(flatten)]
    report: Answer<'a>,
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

fn json(cli: &Cli, report: &Result<Report, Failure>) -> io::Result<()> {
    let report = match report {
        Ok(report) => Answer::Report(report),
        Err(failure) => Answer::Failure { verdict: "failed", error: failure.to_string() },
    };
    let envelope = Envelope { format: FORMAT, command: cli.verb_name(), report };
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &envelope)?;
    writeln!(out)
}
