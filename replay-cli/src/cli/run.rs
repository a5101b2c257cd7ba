//! The command line of `replay run`.

use clap::Args;

use super::EXIT_CODES;
use crate::run::Bound;

/// Shown at the end of the help page.
pub(super) fn help() -> String {
    format!(
        "The new generation lies beside the live one, which goes on serving reads: prove it with `replay verify`, then switch with \
         `replay promote`. Where nothing is live, because its store is new or lost, it is built in its place. What an \
         earlier run has left beside the live one is gone on with, whole or interrupted.

{EXIT_CODES}

Examples:
  replay run --all
  replay run order_details --until 2026-11-22T10:00:00Z --rate 20000"
    )
}

/// Which read models to rebuild.
#[derive(Debug, Clone, Default, Args)]
pub struct Chosen {
    /// Names of read models, as `replay status` shows them.
    #[arg(value_name = "MODEL", required_unless_present = "all")]
    pub models: Vec<String>,
    /// All of them.
    #[arg(long, conflicts_with = "models")]
    pub all: bool,
}

/// Which read models to rebuild, and of what.
#[derive(Debug, Clone, Default, Args)]
pub struct RunOptions {
    #[command(flatten)]
    pub chosen: Chosen,
    /// Only events from here on: a sequence of every partition, or the time at which the log took them.
    #[arg(long, value_name = "SEQUENCE|TIME")]
    pub(crate) from: Option<Bound>,
    /// Only events up to here.
    #[arg(long, value_name = "SEQUENCE|TIME")]
    pub(crate) until: Option<Bound>,
    /// Only events of one product, order or customer, such as `--only order O-1001`.
    #[arg(long, num_args = 2, value_names = ["product|order|customer", "ID"])]
    pub only: Option<Vec<String>>,
    /// Begin a generation of its own, even where an earlier run has left one that could be gone on with.
    #[arg(long)]
    pub fresh: bool,
    /// At most so many events a second, over all read models.
    #[arg(long, value_name = "EVENTS", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// How many read models at once; as many as there are cores unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallel: Option<u16>,
    #[command(flatten)]
    pub then: Then,
    /// Say what would be built, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// What follows once it is built.
#[derive(Debug, Clone, Default, Args)]
pub struct Then {
    /// Prove what was built by content, and switch readers to it: `run`, `verify` and `promote` in one.
    #[arg(long)]
    pub promote: bool,
    /// Do not ask before readers are switched.
    #[arg(long, requires = "promote")]
    pub yes: bool,
}
