//! Dead letters as an operator meets them: a record that is no event, in a data directory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::path::Path;

use chimera_log::{Batch, Entry, EventLog, Partition};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};
use support::{alone, data_with, history, replay, replay_well};

const PAID: &str = "ecommerce.order.order.paid.v1";

/// Appends a record that says it is the payment of an order, and is none.
fn poison(dir: &Path, key: &str) {
    let opening = alone();
    let log = EmbeddedLog::open(dir.join("log"), EmbeddedLogOptions::default()).unwrap();
    drop(opening);
    let mut batch = Batch::default();
    let value = b"no event at all".to_vec();
    let (key, event_type) = (key.into(), PAID.into());
    batch.push_command([Entry { key, event_type, traceparent: None, value }]);
    log.claim(&Partition::new("ecommerce.order.order", 0)).unwrap().append(batch).unwrap();
}

fn model_of(dir: &Path) -> serde_json::Value {
    let report = replay(dir, "verify daily_revenue --format json").json();
    report["models"][0].clone()
}

#[test]
fn what_cannot_be_applied_is_listed_shown_tried_and_dropped() {
    let dir = data_with(&history());
    poison(dir.path(), "O-x");
    let run = replay_well(dir.path(), "run --all");
    assert!(run.out.contains("1 events of 1 aggregates could not be applied"), "{}", run.out);
    let listed = replay_well(dir.path(), "dlq list daily_revenue --format json").json();
    let waiting = &listed["aggregates"][0];
    assert_eq!((&waiting["key"], &waiting["events"]), (&"O-x".into(), &1.into()));
    assert_eq!((&waiting["class"], &waiting["event_type"]), (&"UNDECODABLE".into(), &PAID.into()));
    let shown = replay_well(dir.path(), "dlq show daily_revenue O-x --format json").json();
    assert_eq!(shown["letters"][0]["event"]["raw"]["bytes"], 15);
    let verified = model_of(dir.path());
    assert_eq!(verified["verdict"], "identical", "{verified}");
    assert_eq!(verified["parked_events"], 1);
    let tried = replay_well(dir.path(), "dlq retry daily_revenue O-x").out;
    assert_eq!(tried, "retry of 1: carried out; 1 events wait now\n");
    let dropped = replay_well(dir.path(), "dlq drop daily_revenue O-x --reason test --yes").out;
    assert_eq!(dropped, "drop of 1: carried out; 0 events wait now\n");
    assert_eq!(replay_well(dir.path(), "dlq list daily_revenue").out, "nothing waits\n");
    let verified = model_of(dir.path());
    assert_eq!(
        (&verified["verdict"], &verified["parked_events"]),
        (&"identical".into(), &0.into())
    );
}

#[test]
fn what_is_asked_wrongly_is_explained() {
    let dir = data_with(&history());
    replay_well(dir.path(), "run order_status");
    let cases = [
        ("dlq show order_status O-none", 1, "nothing of O-none waits"),
        ("dlq retry", 64, "MODEL"),
        ("dlq drop order_status O-1 --reason r", 64, "--yes"),
        ("dlq list no_such_model", 64, "there is no read model"),
        ("dlq show daily_revenue O-1", 1, "has never been built"),
    ];
    for (arguments, code, expected) in cases {
        let said = replay(dir.path(), arguments);
        assert_eq!(
            (said.code, said.err.contains(expected)),
            (code, true),
            "{arguments}: {}",
            said.err
        );
    }
}
