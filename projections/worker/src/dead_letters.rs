//! Dead letters: events that could not be applied to a read model, and the later ones of the same aggregate, in order.
//!
//! Owns the queue (references into the log, never the events themselves), what staff can ask of it, and the audit. The queue lies
//! in the row store as a view of its own, beside the read models, so it is as durable as they are. Never applies an event: that
//! is the feed's, which alone touches the letters of its partition; everybody else leaves a request for it.

mod desk;
mod letter;
mod parked;
mod queue;
mod request;
mod shown;
mod store;
mod tables;

pub use desk::{AskError, DeadLetters, ParkedAggregate};
pub use letter::{Class, Letter};
pub(crate) use parked::{Parked, Standing};
pub(crate) use queue::Queue;
pub use request::{Audited, Verb};
pub(crate) use request::{Outcome, Request};
pub use shown::{Shown, ShownEvent};
pub(crate) use store::LetterStore;
pub use tables::VIEW as DEAD_LETTERS_VIEW;

/// The most letters of one partition of one read model; then its feed stops, for this is no longer about single events.
pub const MOST_LETTERS: usize = 100_000;
