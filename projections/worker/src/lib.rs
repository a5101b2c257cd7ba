//! Consume → project → apply → checkpoint: what moves events from the log into the read stores, live or in a rebuild.
//!
//! Owns the order of these four steps and what happens when one fails. Never knows what an event means (that is the
//! model's), how a store keeps a row, or which log it reads. No event is ever skipped silently.

mod answers;
mod backoff;
mod crew;
mod dead_letters;
mod decode;
mod elsewhere;
mod error;
mod feed;
mod feeder;
mod folding;
mod lag;
mod metric_names;
mod pace;
mod positions;
mod progress;
mod projector;
mod selection;
mod source;
mod standing;
mod target;
mod worker;

use std::sync::Arc;

use chimera_domain::time::Timestamp;

pub use answers::Answers;
pub use dead_letters::{
    AskError, Audited, Class, DEAD_LETTERS_VIEW, DeadLetters, Letter, MOST_LETTERS,
    ParkedAggregate, Shown, ShownEvent, Verb,
};
pub use decode::Decoder;
pub use error::Halt;
pub use feeder::{Feeder, Leg, Limits, Stores};
pub use lag::{Lag, report_lags};
pub use metric_names::describe as describe_metrics;
pub use pace::Pace;
pub use positions::{Positions, Reach, WaitError};
pub use selection::Selection;
pub use standing::{PartitionStanding, Standing};
pub use target::Target;
pub use worker::Worker;

/// Tells the time; injected, so that tests can say what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
