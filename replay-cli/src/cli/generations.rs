//! The command lines of the verbs that choose between generations.

use clap::Args;

/// Shown at the end of the help page.
pub(super) const PROMOTE: &str = "\
One event in the control log moves all readers; every node follows within milliseconds. The generation before stays, for \
`replay rollback`, until it is dropped. Refused for a generation that is not complete, not level with the live one, or that \
`replay verify MODEL --generation N` has not proved.

Examples:
  replay promote order_details
  replay promote order_details --generation 3 --reason \"totals were wrong\" --yes";

pub(super) const ROLLBACK: &str = "\
Brings the generation before up to the end of the log, then moves all readers back to it, in one step.

Examples:
  replay rollback order_details
  replay rollback order_details --reason \"the new totals are worse\" --yes";

pub(super) const DROP: &str = "\
The live generation is never dropped. What is dropped can be rebuilt from the log.

Examples:
  replay drop order_details 1 --yes
  replay drop order_details --unused --dry-run";

/// Which generation readers shall see.
#[derive(Debug, Clone, Args)]
pub struct PromoteOptions {
    /// The read model.
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// Which generation; the newest that was built unless given.
    #[arg(long, value_name = "N")]
    pub generation: Option<u32>,
    /// Promote it whatever speaks against it; what is missing in it is then missing for readers.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub how: Decided,
}

/// Back to the generation before.
#[derive(Debug, Clone, Args)]
pub struct RollbackOptions {
    /// The read model.
    #[arg(value_name = "MODEL")]
    pub model: String,
    #[command(flatten)]
    pub how: Decided,
}

/// How a decision is taken.
#[derive(Debug, Clone, Args)]
pub struct Decided {
    /// Why; kept in the control log with your name.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Which generations to remove.
#[derive(Debug, Clone, Args)]
pub struct DropOptions {
    /// The read model.
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// Their numbers.
    #[arg(value_name = "N", required_unless_present = "unused")]
    pub generations: Vec<u32>,
    /// All but the live one and the one before.
    #[arg(long, conflicts_with = "generations")]
    pub unused: bool,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Say what would be removed, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}
