//! The operator's tool for read models: `replay status`, `plan`, `run`, `verify`, `dlq`, `inspect`, one file each.
//!
//! Owns plans, reports and exit codes. Projects and applies nothing itself: that is the worker's, here as in a running node.
//! Data goes to stdout, everything else to stderr.

mod cli;
mod data;
mod dlq;
mod dry;
mod failure;
mod inspect;
mod log_check;
mod models;
mod open_log;
mod output;
mod plan;
mod progress;
mod rates;
mod rebuild;
mod run;
mod scratch;
mod status;
mod verify;

use std::process::ExitCode;

pub use cli::{Cli, Format, Verb};
pub use failure::Failure;
pub use output::Report;

/// Executes the verb, writes its report and gives the exit code.
pub async fn execute(cli: &Cli) -> ExitCode {
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
        Verb::Status => status::status(&config).await.map(Report::Status),
        Verb::Plan(options) => plan::plan(&config, options).await.map(Report::Plan),
        Verb::Run(chosen) => run::run(&config, chosen).await.map(Report::Run),
        Verb::Dlq { verb } => dlq::dlq(&config, verb).await.map(Report::Dlq),
        Verb::Inspect { verb } => inspect::inspect(&config, verb).await.map(Report::Inspect),
        Verb::Verify(options) => verify::verify(&config, options).await.map(Report::Verify),
    }
}
