//! What is stored: one generation of one read model, and how far in the log it is true.

use std::fmt;
use std::sync::Arc;

/// One generation of one read model. Generations lie side by side; see [`crate::Generations`] for which one is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct View {
    /// The read model's name.
    pub model: &'static str,
    /// 1, 2, 3…; every rebuild writes a new one.
    pub generation: u32,
}

impl View {
    /// The given generation of `model`.
    #[must_use]
    pub const fn new(model: &'static str, generation: u32) -> Self {
        Self { model, generation }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "generation {} of {}", self.generation, self.model)
    }
}

/// Everything up to and including this sequence of this partition has been applied. Never moves back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Checkpoint {
    /// The stream's name.
    pub stream: Arc<str>,
    /// The partition's index.
    pub partition: u32,
    /// The last sequence applied.
    pub sequence: u64,
}
