//! Proves by content that two views hold the same: counts and checksums by key range, then the very keys that differ.
//!
//! Order-independent, so that two different stores can be compared; bounded memory, however much differs. Versions count: a
//! rebuild must give the same rows written by the same events.

mod compare;
mod content;
mod item;
mod narrow;
mod patience;
mod sums;
mod suspects;

pub use compare::{Comparing, Difference, DifferingKey, Differs, Found, Other, compare};
pub use content::Content;
pub use sums::{Damage, Range, Sums, sums};
pub use suspects::{AtRest, Settle, Suspects};
