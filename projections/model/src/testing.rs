//! For tests: histories as the rules make them, single changes, and a store that is a plain map.

mod shop;
mod tables;

use std::sync::Arc;

use chimera_domain::recorded::{Meta, Recorded};
use chimera_domain::time::{SECOND, Timestamp};

pub use shop::{Act, PARTITIONS, Shop};
pub use tables::Tables;

/// 2023-11-14T22:13:20Z, when every test begins.
pub const START: Timestamp = Timestamp(1_700_000_000 * SECOND);

/// The envelope of an event that happened `minute` minutes after [`START`].
#[must_use]
pub fn meta(aggregate_version: u64, sequence: u64, minute: i64) -> Meta {
    let occurred_at = START.plus(minute * 60 * SECOND);
    Meta {
        event_id: u128::from(sequence),
        occurred_at,
        recorded_at: occurred_at.plus(SECOND),
        producer: "test".into(),
        trace_id: None,
        correlation_id: "c".into(),
        causation_id: "c".into(),
        command_id: "c".into(),
        actor: Some("staff".into()),
        schema_version: 1,
        aggregate_version,
        sequence,
        writer_term: 1,
    }
}

/// Events of one aggregate in partition 0, one a minute.
pub fn history<E>(key: &str, events: impl IntoIterator<Item = E>) -> Vec<Recorded<E>> {
    let key: Arc<str> = key.into();
    let mut recorded = vec![];
    for (version, event) in (1..).zip(events) {
        let minute = i64::try_from(version).unwrap_or(i64::MAX);
        let meta = meta(version, version, minute);
        recorded.push(Recorded { partition: 0, key: key.clone(), meta, event });
    }
    recorded
}
