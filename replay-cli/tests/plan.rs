//! What `plan` says of a rebuild before it is run, and that it was right.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::path::Path;

use chimera_log::{EventLog as _, StreamSpec};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};
use chimera_model::{ALL, Change, daily_revenue, order_details};
use serde_json::Value as Json;
use support::{alone, data_with, histories, history, replay, replay_well};

/// Of a machine that is busy with other things now and then.
const ATTEMPTS: usize = 8;

fn plan(dir: &Path, arguments: &str) -> Json {
    replay_well(dir, &format!("plan {arguments} --format json")).json()
}

/// What each read model of a report takes, together.
fn seconds(report: &Json) -> f64 {
    let models = report["models"].as_array().unwrap();
    models.iter().map(|model| model["seconds"].as_f64().unwrap()).sum()
}

#[test]
fn the_time_of_a_run_is_known_from_the_run_before() {
    let dir = data_with(&histories(150));
    replay_well(dir.path(), "run --all");
    let mut tried = Vec::new();
    for _ in 0..ATTEMPTS {
        let planned = plan(dir.path(), "--all");
        assert!(planned["seconds"].as_f64().unwrap() <= seconds(&planned));
        let ran = replay_well(dir.path(), "run --all --fresh --format json").json();
        let ratio = seconds(&planned) / seconds(&ran);
        if (0.75..=1.25).contains(&ratio) {
            return;
        }
        tried.push(ratio);
    }
    panic!("planned by measured: {tried:?}");
}

/// What `status` says, but for ages, which grow by themselves.
fn standing(dir: &Path) -> Vec<String> {
    let said = replay_well(dir, "status").out;
    said.lines().filter(|line| !line.ends_with(" s behind")).map(str::to_owned).collect()
}

#[test]
fn a_plan_counts_events_and_rows_and_changes_nothing() {
    let history = history();
    let dir = data_with(&history);
    let before = plan(dir.path(), "order_details");
    assert_eq!(before["verdict"], "ready");
    assert_eq!(before["models"][0]["rows"], Json::Null);
    assert_eq!(before["seconds"], Json::Null);
    assert!(!dir.path().join("rates.json").exists());
    replay_well(dir.path(), "run order_details daily_revenue");
    let status = standing(dir.path());
    let planned = plan(dir.path(), "order_details daily_revenue");
    assert_eq!(standing(dir.path()), status);
    let verified = replay_well(dir.path(), "verify order_details --format json").json();
    let tables = verified["models"][0]["tables"].as_array().unwrap();
    let rows: u64 = tables.iter().map(|table| table["rows"].as_u64().unwrap()).sum();
    let [details, revenue] = [&planned["models"][0], &planned["models"][1]];
    assert_eq!((&details["rows"], &details["live"]), (&rows.into(), &1.into()));
    // So small a log is its own sample.
    for (model, plan) in [(&order_details::MODEL, details), (&daily_revenue::MODEL, revenue)] {
        let all = |c: &&Change| model.streams().contains(&c.stream());
        let events = history.iter().filter(all);
        let read = events.clone().filter(|c| model.reads(c.event_type().as_bytes())).count();
        assert_eq!(plan["events"], events.count());
        let streams = plan["streams"].as_array().unwrap();
        let planned: u64 = streams.iter().map(|stream| stream["read"].as_u64().unwrap()).sum();
        assert!(planned.abs_diff(read as u64) < 20, "{planned} planned, {read} there");
        assert!(plan["bytes"].as_u64().unwrap() > 0);
    }
}

#[test]
fn a_rate_can_be_measured_where_no_run_has_left_one() {
    let dir = data_with(&history());
    let said = replay_well(dir.path(), "plan --all").out;
    assert!(said.contains("measure one with --calibrate"), "{said}");
    let planned = plan(dir.path(), "--all --calibrate");
    assert_eq!(planned["models"].as_array().unwrap().len(), ALL.len());
    assert!(planned["seconds"].as_f64().unwrap() > 0.0);
    assert!(!dir.path().join("plan-scratch").exists());
    let said = replay_well(dir.path(), "plan --all --calibrate").out;
    assert!(said.contains("time: about ") && said.ends_with("verdict: ready\n"), "{said}");
}

#[test]
fn what_is_in_the_way_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let opening = alone();
    let log = EmbeddedLog::open(dir.path().join("log"), EmbeddedLogOptions::default()).unwrap();
    drop(opening);
    let orders = StreamSpec { name: "ecommerce.order.order".into(), partitions: 1 };
    log.ensure_streams(&[orders]).unwrap();
    drop(log);
    let said = replay(dir.path(), "plan order_details");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let expected = "  in the way: the log has no stream ecommerce.payment.payment\n";
    assert!(said.out.contains(expected) && said.out.ends_with("blocked\n"), "{}", said.out);
    assert_eq!(plan(dir.path(), "order_status")["verdict"], "ready");
}
