//! Proves by content that two views hold the same: counts and checksums by key range, then the very keys that differ.
//!
//! Order-independent, so that two different stores can be compared; bounded memory, however much differs. Versions count: a
//! rebuild must give the same rows written by the same events.

mod compare;
mod content;
mod sums;

pub use compare::{Difference, DifferingKey, Differs, Found, compare};
pub use content::Content;
pub use sums::{Damage, Sums, sums};
