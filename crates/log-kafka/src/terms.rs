//! Terms outlive claims that wrote nothing: a compacted topic `chimera.ownership` holds the last term of each partition
//! (key `<stream>/<index>`, headers `term` and `address`), written in a transaction of the claimant's own ids, and so fenced with it.
//!
//! A term read here may come from a claim that failed: terms grow, they need not be dense.

use chimera_log::Partition;
use rdkafka::error::KafkaResult;
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use crate::headers::{self, ADDRESS, TERM};
use crate::probe::{Place, Probe, go_on};
use crate::producer::Outgoing;

/// The stream's name, after the prefix.
pub(crate) const OWNERSHIP: &str = "chimera.ownership";

/// What has been read of the topic for one partition.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// The greatest term that any claim has ever taken; 0 if there was none.
    pub(crate) term: u64,
    /// Up to where it was looked for.
    end: i64,
}

/// Goes on from what has been `seen` to the end. Ask read-uncommitted, so that no open transaction of another partition's
/// claim holds this one up.
pub(crate) fn look(
    probe: &Probe<'_>,
    place: &Place,
    partition: &Partition,
    seen: Seen,
) -> KafkaResult<Seen> {
    let key = partition.to_string();
    let (low, end) = probe.ends(place)?;
    let (from, mut term) = (low.max(seen.end), seen.term);
    if from < end {
        probe.scan(place, from, |message| {
            if message.key() == Some(key.as_bytes()) {
                term = term.max(headers::of(message).term.unwrap_or(0));
            }
            go_on(message.offset() + 1 < end)
        })?;
    }
    Ok(Seen { term, end })
}

/// The record of a claim.
pub(crate) fn record<'a>(
    place: &'a Place,
    key: &'a str,
    term: u64,
    address: Option<&str>,
) -> Outgoing<'a> {
    let mut headers =
        OwnedHeaders::new().insert(Header { key: TERM, value: Some(&term.to_string()) });
    if let Some(address) = address {
        headers = headers.insert(Header { key: ADDRESS, value: Some(address) });
    }
    BaseRecord::to(&place.topic)
        .partition(place.index)
        .key(key.as_bytes())
        .payload(&[][..])
        .headers(headers)
}
