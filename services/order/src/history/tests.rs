//! Events found by index and without one, over a log in memory.

use chimera_domain::ids::CustomerId;
use chimera_domain::order::{Head, Status};
use chimera_domain::recorded::Meta;
use chimera_log::{Batch, Entry, MemoryLog, StreamSpec};

use super::*;

#[test]
fn a_point_in_time_is_a_version_or_an_rfc_3339_time() {
    assert_eq!("3".parse(), Ok(At::Version(3)));
    let time = "1970-01-01T00:00:01.5Z".parse();
    assert_eq!(time, Ok(At::Time(Timestamp(1_500_000))));
    for bad in ["", "-1", "yesterday", "2026-11-21", "2026-11-21T10:00:00"] {
        assert_eq!(bad.parse::<At>().unwrap_err().field(), Some("at"), "{bad}");
    }
}

fn partition() -> Partition {
    Partition::new(Order::STREAM, 0)
}

fn confirmed() -> Event {
    let customer_id = CustomerId::try_from("alice").unwrap();
    let placed_at = Timestamp(0);
    Event::Confirmed {
        head: Head { customer_id, placed_at, status: Status::Pending, confirmed: true },
    }
}

/// A log with the events of `a` and `b` in turn: `a` at 1, 3, 5; `b` at 2, 4.
fn history() -> History {
    let log = MemoryLog::new();
    log.ensure_streams(&[StreamSpec { name: Order::STREAM.into(), partitions: 1 }]).unwrap();
    let codec = Arc::new(StreamCodec::bundled(Order::STREAM).unwrap());
    let mut writer = log.claim(&partition()).unwrap();
    for (place, key) in ["a", "b", "a", "b", "a"].into_iter().enumerate() {
        let place = u64::try_from(place).unwrap();
        let (sequence, aggregate_version) = (place + 1, place / 2 + 1);
        let event = confirmed();
        let mut value = Vec::new();
        codec.encode(key, &meta(sequence, aggregate_version), &event, &mut value).unwrap();
        let event_type = chimera_domain::aggregate::DomainEvent::event_type(&event).into();
        let entry = Entry { key: key.into(), event_type, traceparent: None, value };
        let mut batch = Batch::default();
        batch.push_command([entry]);
        writer.append(batch).unwrap();
    }
    History { log: Arc::new(log), codec }
}

fn meta(sequence: u64, aggregate_version: u64) -> Meta {
    Meta {
        event_id: u128::from(sequence),
        occurred_at: Timestamp(0),
        recorded_at: Timestamp(0),
        producer: "test".into(),
        trace_id: None,
        correlation_id: "r".into(),
        causation_id: "r".into(),
        command_id: "c".into(),
        actor: None,
        schema_version: 1,
        aggregate_version,
        sequence,
        writer_term: 1,
    }
}

async fn versions(index: &[(u64, u64)], count: u64) -> Vec<u64> {
    let index = index.iter().copied().collect();
    let events = history().events(&partition(), "a", count, &index).await.unwrap();
    assert!(events.iter().all(|event| &*event.key == "a"));
    events.iter().map(|event| event.meta.aggregate_version).collect()
}

#[tokio::test]
async fn an_index_that_is_right_leads_to_the_events() {
    assert_eq!(versions(&[(1, 1), (2, 3), (3, 5)], 3).await, [1, 2, 3]);
}

#[tokio::test]
async fn an_index_that_is_missing_has_gaps_or_lies_is_not_believed() {
    for index in [
        &[][..],
        &[(1, 1), (3, 5)],
        &[(1, 1), (2, 3)],
        &[(1, 1), (2, 4), (3, 5)],
        &[(1, 1), (2, 5), (3, 3)],
        &[(1, 0), (2, 3), (3, 5)],
        &[(1, 1), (2, 3), (3, 99)],
    ] {
        assert_eq!(versions(index, 3).await, [1, 2, 3], "{index:?}");
    }
}
