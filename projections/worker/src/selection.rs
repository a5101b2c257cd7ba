//! A part of the log's aggregates, by their ids: all that a partial rebuild looks at. Knows nothing of what an aggregate is.

use std::collections::BTreeSet;

use chimera_log::RawRecord;

/// Which aggregates of each stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    of_streams: Vec<(String, BTreeSet<String>)>,
}

impl Selection {
    /// These ids of a stream too; of streams that are not named nothing is selected.
    #[must_use]
    pub fn and(mut self, stream: &str, ids: BTreeSet<String>) -> Self {
        self.of_streams.push((stream.to_owned(), ids));
        self
    }

    /// Whether it is about the record's aggregate.
    pub(crate) fn has(&self, stream: &str, record: &RawRecord) -> bool {
        let Ok(key) = std::str::from_utf8(&record.key) else { return false };
        self.of_streams.iter().any(|(named, ids)| named == stream && ids.contains(key))
    }
}
