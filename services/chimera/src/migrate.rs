//! `chimera migrate`: topics and schemas made ready by an account that may, so that those of the nodes need not.
//!
//! Looks at everything first; if anything is in the way, nothing is changed. Safe to repeat.

use anyhow::bail;
use chimera_config::{Config, LogKind};
use chimera_registry::Registry;

use crate::terminal::{Format, say, show};
use chimera_wiring::schemas;

mod report;
mod subjects;
mod topics;

pub use report::{Line, Report, State};

/// How to migrate.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Options {
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How the lines are shown.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Makes Kafka and the registry ready, and shows a line for each topic and subject. False if something is in the way.
///
/// # Errors
/// If Kafka or the registry does not answer, or does not allow to ask.
pub async fn migrate(config: Config, options: Options) -> anyhow::Result<bool> {
    let report = run(&config, options.dry_run).await?;
    show(&report, options.format);
    Ok(!report.is_in_the_way())
}

/// The same, without showing it.
///
/// # Errors
/// As [`migrate`].
pub async fn run(config: &Config, dry_run: bool) -> anyhow::Result<Report> {
    if config.log.kind != LogKind::Kafka {
        bail!(
            "only a log on Kafka is migrated (--log kafka); the embedded log makes its own streams"
        );
    }
    let registry = if let Some(settings) = schemas::registry_settings(config) {
        Some(Registry::new(&settings)?)
    } else {
        say("chimera: registry.url is not set; events carry ids that only Chimera knows");
        None
    };
    let plan = plan(config, registry.as_ref()).await?;
    if dry_run || plan.is_in_the_way() {
        return Ok(plan);
    }
    topics::create(config).await?;
    let mut report = plan.done();
    let Some(registry) = registry else { return Ok(report) };
    report.lines.retain(|line| line.kind == "topic");
    match registry.settle().await {
        Ok(settled) => report.lines.extend(settled.iter().map(subjects::settled)),
        Err(error) => report = subjects::stopped(report, &registry, &error).await,
    }
    Ok(report)
}

async fn plan(config: &Config, registry: Option<&Registry>) -> anyhow::Result<Report> {
    let mut report = Report { lines: topics::plan(config).await?, done: false };
    if let Some(registry) = registry {
        report.lines.extend(registry.plan().await?.iter().map(subjects::line));
    }
    Ok(report)
}
