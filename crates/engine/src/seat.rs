//! What the shard of a partition is to do in this process: keep level with another's, be the one that writes, or go.

/// The place that a shard has been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seat {
    /// Another process writes; this one follows, so that it can take over soon.
    Standby,
    /// This process writes.
    Owner,
    /// Neither any more.
    Leaving,
}
