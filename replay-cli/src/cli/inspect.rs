//! The command line of `replay inspect`.

use clap::{Args, Subcommand};
use uuid::Uuid;

use crate::inspect::Moment;

pub(super) const HELP: &str = "Reads the log alone: no read model has to be there. Shows what the log holds, which may be personal \
data; payment tokens are hidden. Moments are those at which the log took an event; times within an event or a state are microseconds \
since 1970.

Examples:
  replay inspect order O-1001 --at 3
  replay inspect causes 3f6c2e1a-6a4c-4cc3-98c4-dc0c0c07398f --format json";

/// What to look at.
#[derive(Debug, Subcommand)]
pub enum InspectVerb {
    /// A product: its events, and its state after the last of them.
    #[command(after_help = "Examples:
  replay inspect product 85123A
  replay inspect product 85123A --at 2026-11-22T10:00:00Z")]
    Product(OfAggregate),
    /// The stock of a product.
    #[command(after_help = "Examples:
  replay inspect stock 85123A --at 17
  replay inspect stock 85123A --since 2026-11-22 --format json")]
    Stock(OfAggregate),
    /// An order or a credit note.
    #[command(after_help = "Examples:
  replay inspect order O-1001
  replay inspect order O-1001 --since 2 --at 5")]
    Order(OfAggregate),
    /// A payment.
    #[command(after_help = "Examples:
  replay inspect payment P-1001
  replay inspect payment P-1001 --at 1")]
    Payment(OfAggregate),
    /// One event, and what it has caused directly. Reads the whole log.
    #[command(after_help = "Examples:
  replay inspect event 01932b7e-6a4c-7cc3-98c4-dc0c0c07398f
  replay inspect event 01932b7e-6a4c-7cc3-98c4-dc0c0c07398f --format json | jq .event.data")]
    Event {
        /// Its id.
        #[arg(value_name = "UUID")]
        id: Uuid,
    },
    /// Everything that followed from one request, as a tree: which event caused which. Reads the whole log.
    #[command(after_help = "Examples:
  replay inspect causes 3f6c2e1a-6a4c-4cc3-98c4-dc0c0c07398f
  replay inspect causes req-1 --format json")]
    Causes {
        /// The request's correlation id, as every answer and every event of it tells.
        #[arg(value_name = "CORRELATION")]
        correlation: String,
    },
}

/// Which aggregate, and when.
#[derive(Debug, Clone, Args)]
pub struct OfAggregate {
    /// The aggregate's id.
    #[arg(value_name = "ID")]
    pub id: String,
    /// As it was at this version, or at this time; as it is unless given.
    #[arg(long, value_name = "VERSION|TIME")]
    pub at: Option<Moment>,
    /// Only what came after this version or time, and what that has changed.
    #[arg(long, value_name = "VERSION|TIME")]
    pub since: Option<Moment>,
}
