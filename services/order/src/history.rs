//! An order's events as they stand in the log, and the order as it was at some point.
//!
//! The timeline's rows say where the events are; they are believed only where they are complete, else the partition is read
//! from its beginning. What is answered always comes from the log itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::{Event, Order};
use chimera_domain::recorded::Recorded;
use chimera_domain::time::Timestamp;
use chimera_kit::codes;
use chimera_kit::problem::Problem;
use chimera_log::{EventLog, Partition, RawRecord};
use jiff::Timestamp as Instant;

/// What the log knows of orders; cheap to clone.
#[derive(Clone)]
pub struct History {
    /// Where the events stand.
    pub log: Arc<dyn EventLog>,
    /// Reads them.
    pub codec: Arc<StreamCodec<Event>>,
}

/// Why the log could not be read; for operators.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(pub(crate) String);

impl From<Unreadable> for Problem {
    fn from(error: Unreadable) -> Self {
        tracing::error!(%error, "the history of an order cannot be read");
        Self::new(codes::LOG_UNAVAILABLE, "the log cannot be read now; try again shortly")
    }
}

/// A point in an order's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// After so many events.
    Version(u64),
    /// At a business time.
    Time(Timestamp),
}

impl std::str::FromStr for At {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        if let Ok(version) = text.parse() {
            return Ok(Self::Version(version));
        }
        let instant = text.parse::<Instant>().map_err(|_| {
            let detail = "at must be a version such as 3, or a time such as 2026-11-21T10:00:00Z";
            Problem::new(codes::REQUEST_BAD_PARAMETER, detail).at("at")
        })?;
        Ok(Self::Time(Timestamp(instant.as_microsecond())))
    }
}

impl At {
    fn includes(self, event: &Recorded<Event>) -> bool {
        match self {
            Self::Version(version) => event.meta.aggregate_version <= version,
            Self::Time(time) => event.meta.occurred_at <= time,
        }
    }
}

/// The order as it was, and its version then; none before it was placed.
pub(crate) fn as_it_was(events: &[Recorded<Event>], at: At) -> Option<(Order, u64)> {
    let (mut order, mut version) = (Order::default(), 0);
    for event in events.iter().take_while(|event| at.includes(event)) {
        order.evolve(&event.event);
        version = event.meta.aggregate_version;
    }
    (version > 0).then_some((order, version))
}

/// Whether the places of the first `count` events are all known.
pub(crate) fn is_complete(index: &BTreeMap<u64, u64>, count: u64) -> bool {
    index.keys().copied().take_while(|version| *version <= count).eq(1..=count)
}

impl History {
    /// All `count` events of an order. `index` holds the sequence of each by version, as far as somebody knows.
    pub(crate) async fn events(
        &self,
        partition: &Partition,
        key: &str,
        count: u64,
        index: &BTreeMap<u64, u64>,
    ) -> Result<Vec<Recorded<Event>>, Unreadable> {
        if is_complete(index, count)
            && let Some(events) = self.at_sequences(partition, key, index, count).await?
        {
            return Ok(events);
        }
        self.scanned(partition, key, count).await
    }

    /// The events at the places that the index names; none if something else stands there.
    async fn at_sequences(
        &self,
        partition: &Partition,
        key: &str,
        index: &BTreeMap<u64, u64>,
        count: u64,
    ) -> Result<Option<Vec<Recorded<Event>>>, Unreadable> {
        let (mut events, mut batch) = (Vec::new(), Vec::<RawRecord>::new());
        for (&version, &sequence) in index.range(..=count) {
            let end = self.end(partition)?;
            if sequence == 0 || sequence > end {
                return Ok(None);
            }
            if !batch.iter().any(|record| record.sequence == sequence) {
                let mut reader = self.log.read(partition, sequence).map_err(unreadable)?;
                batch = reader.next().await.map_err(unreadable)?.records;
            }
            let record = batch.iter().find(|record| record.sequence == sequence);
            let Some(record) = record.filter(|record| record.key == key.as_bytes()) else {
                return Ok(None);
            };
            let event = self.decoded(partition, record)?;
            if event.meta.aggregate_version != version {
                return Ok(None);
            }
            events.push(event);
        }
        Ok(Some(events))
    }

    async fn scanned(
        &self,
        partition: &Partition,
        key: &str,
        count: u64,
    ) -> Result<Vec<Recorded<Event>>, Unreadable> {
        let end = self.end(partition)?;
        let mut reader = self.log.read(partition, 1).map_err(unreadable)?;
        let mut events = Vec::new();
        while reader.position() <= end {
            for record in reader.next().await.map_err(unreadable)?.records {
                if record.key == key.as_bytes() {
                    events.push(self.decoded(partition, &record)?);
                }
            }
            if u64::try_from(events.len()).unwrap_or(u64::MAX) >= count {
                break;
            }
        }
        Ok(events)
    }

    fn end(&self, partition: &Partition) -> Result<u64, Unreadable> {
        let end = self.log.high_watermark(partition).map_err(unreadable)?;
        Ok(*end.borrow())
    }

    /// The event that a record holds.
    pub(crate) fn decoded(
        &self,
        partition: &Partition,
        record: &RawRecord,
    ) -> Result<Recorded<Event>, Unreadable> {
        self.codec.decode(partition.index, &record.value).map_err(unreadable)
    }
}

pub(crate) fn unreadable(error: impl std::error::Error) -> Unreadable {
    Unreadable(error.to_string())
}

#[cfg(test)]
mod tests;
