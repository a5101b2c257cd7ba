//! The operator's tool for the log and its read models: one verb a file.
//!
//! Owns plans, reports and exit codes. Projects and applies nothing itself: that is the worker's, here as in a running node.
//! Data goes to stdout, everything else to stderr.

mod backup;
mod cli;
mod data;
mod dlq;
mod drill;
mod drop_generations;
pub mod dry;
mod export;
mod failure;
mod inspect;
mod log_check;
mod models;
mod open_log;
mod operator;
mod output;
mod partition_bars;
mod plan;
mod progress;
mod promote;
mod rates;
mod rebuild;
mod restore;
mod rollback;
mod room;
mod run;
mod schemas_kept;
mod scratch;
mod status;
mod switch;
mod verify;
mod verify_backup;

use std::process::ExitCode;

pub use cli::{Cli, Format, Verb};
pub use data::LIMITS;
pub use failure::Failure;
pub use output::Report;

/// Executes the verb, writes its report and gives the exit code.
pub async fn execute(cli: &Cli) -> ExitCode {
    if let Verb::Completions { shell } = cli.verb {
        let written = cli::completions::write(shell);
        return if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let report = report(cli).await;
    output::write(cli, &report)
}

/// Executes the verb.
///
/// # Errors
/// See [`Failure`]; a difference that was found is no failure but in the report.
pub async fn report(cli: &Cli) -> Result<Report, Failure> {
    let config = cli.settings.load()?;
    match &cli.verb {
        Verb::Completions { .. } => Err(Failure::Usage("completions are no report".to_owned())),
        Verb::Status => status::status(&config).await.map(Report::Status),
        Verb::Run(options) => run::run(&config, options).await.map(Report::Run),
        Verb::Promote(options) => promote::promote(&config, options).await.map(Report::Switch),
        Verb::Rollback(options) => rollback::rollback(&config, options).await.map(Report::Switch),
        Verb::Drop(options) => drop_generations::drop(&config, options).await.map(Report::Drop),
        Verb::Plan(options) => plan::plan(&config, options).await.map(Report::Plan),
        Verb::Dlq { verb } => dlq::dlq(&config, verb).await.map(Report::Dlq),
        Verb::Inspect { verb } => inspect::inspect(&config, verb).await.map(Report::Inspect),
        Verb::Export(options) => export::export(&config, options).await.map(Report::Export),
        Verb::Backup(options) => backup::backup(&config, options).await.map(Report::Backup),
        Verb::Restore(options) => restore::restore(&config, options).await.map(Report::Restore),
        Verb::VerifyBackup(options) => {
            verify_backup::verify_backup(options).await.map(Report::VerifyBackup)
        }
        Verb::Drill(options) => drill::drill(&config, options).await,
        Verb::Verify(options) => verify::verify(&config, options).await.map(Report::Verify),
    }
}
