//! The command line of `replay dlq`.

use clap::{Args, Subcommand};

/// Shown at the end of the help page.
pub(super) const HELP: &str = "Letters are those of the live generation. With a log in the data directory, `retry` and `drop` are \
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
