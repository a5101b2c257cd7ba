//! Whether the store of a feed answers it, so that a feed that only waits is not taken for one that does not work.

use std::time::Duration;

use tokio::time::Instant;

/// Whether a store answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// As far as is known, it always has.
    #[default]
    Always,
    /// Not since then, or it is full; it is asked again until it does what it is asked.
    NotSince(Instant),
    /// Again since then.
    AgainSince(Instant),
}

impl Answers {
    /// For how long it has been waited for; none while it answers.
    #[must_use]
    pub fn waited(self) -> Option<Duration> {
        match self {
            Self::NotSince(since) => Some(since.elapsed()),
            Self::Always | Self::AgainSince(_) => None,
        }
    }

    pub(crate) fn no(&mut self) {
        if self.waited().is_none() {
            *self = Self::NotSince(Instant::now());
        }
    }

    pub(crate) fn yes(&mut self) {
        if self.waited().is_some() {
            *self = Self::AgainSince(Instant::now());
        }
    }
}
