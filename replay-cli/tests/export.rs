//! `replay export` as an operator and an analyst meet it: what it writes, what it refuses, and how one export follows another.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chimera_log::{Batch, Entry, EventLog, Partition};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};
use chimera_model::testing::Tables;
use chimera_model::{Change, Value, daily_revenue};
use serde_json::Value as Json;
use support::{alone, append, data_with, history, replay, replay_well};

/// The rows of a table of JSON Lines.
fn rows(export: &Path, table: &str) -> Vec<Json> {
    let mut rows = Vec::new();
    for entry in fs::read_dir(export.join(table)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rows.extend(self::rows(export, path.strip_prefix(export).unwrap().to_str().unwrap()));
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        rows.extend(text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()));
    }
    rows
}

fn ten_thousandths(amount: &Json) -> i64 {
    let amount: chimera_domain::money::Amount = amount.as_str().unwrap().parse().unwrap();
    amount.ten_thousandths()
}

/// Net revenue of all days, as the read model adds it up.
fn net(changes: &[Change]) -> i64 {
    let tables = Tables::after(&daily_revenue::MODEL, changes);
    let net = tables.rows(&daily_revenue::DAILY_REVENUE).into_iter().map(|row| match &row["net"] {
        Value::Decimal(amount) => amount.ten_thousandths(),
        other => panic!("{other:?}"),
    });
    net.sum()
}

#[test]
fn an_export_says_what_it_holds_and_agrees_with_the_read_model() {
    let changes = history();
    let data = data_with(&changes);
    let to = data.path().join("out");
    let arguments = format!("export --to {} --files jsonl --format json", to.display());
    let report = replay_well(data.path(), &arguments).json();
    assert_eq!(report["verdict"], "done");
    let table = |name: &str| {
        let tables = report["tables"].as_array().unwrap();
        tables.iter().find(|table| table["name"] == name).unwrap().clone()
    };
    assert_eq!(table("events")["rows"], changes.len());
    assert_eq!((&table("events")["files"], &table("dim_date")["files"]), (&8.into(), &1.into()));
    let orders = rows(&to, "fact_orders");
    assert_eq!(table("fact_orders")["rows"], orders.len());
    let sum: i64 = orders.iter().map(|order| ten_thousandths(&order["net_amount"])).sum();
    assert_ne!(sum, 0);
    assert_eq!(sum, net(&changes));
    let manifest: Json =
        serde_json::from_slice(&fs::read(to.join("export.json")).unwrap()).unwrap();
    assert_eq!(manifest["complete"], true);
    assert!(to.join("_SUCCESS").is_file());
    let last: u64 =
        manifest["positions"].as_array().unwrap().iter().map(|p| p["last"].as_u64().unwrap()).sum();
    assert_eq!(last, changes.len() as u64);
}

#[test]
fn parquet_is_what_is_written_unless_asked_otherwise() {
    let data = data_with(&history());
    let to = data.path().join("out");
    let said =
        replay_well(data.path(), &format!("export --to {} --only fact_orders", to.display()));
    assert!(said.out.contains("fact_orders") && !said.out.contains("dim_product"), "{}", said.out);
    let file = fs::read(to.join("fact_orders/part-0001.parquet")).unwrap();
    assert_eq!((&file[..4], &file[file.len() - 4..]), (&b"PAR1"[..], &b"PAR1"[..]));
}

#[test]
fn a_dry_run_says_what_would_be_read_and_writes_nothing() {
    let changes = history();
    let data = data_with(&changes);
    let to = data.path().join("out");
    let arguments = format!("export --to {} --dry-run --format json", to.display());
    let report = replay_well(data.path(), &arguments).json();
    assert_eq!(report["verdict"], "dry_run");
    let last = report["positions"].as_array().unwrap().iter().map(|p| p["last"].as_u64().unwrap());
    assert_eq!(last.sum::<u64>(), changes.len() as u64);
    assert!(!to.exists());
}

#[test]
fn one_export_goes_on_where_another_ended() {
    let changes = history();
    let (before, later) = changes.split_at(changes.len() / 2);
    let data = data_with(before);
    let (first, second) = (data.path().join("first"), data.path().join("second"));
    replay_well(data.path(), &format!("export --to {} --files jsonl", first.display()));
    append(data.path(), later);
    let arguments =
        format!("export --to {} --files jsonl --after {}", second.display(), first.display());
    replay_well(data.path(), &arguments);
    assert_eq!(rows(&second, "events").len(), later.len());
    let of_later = |stream: &str| -> BTreeSet<String> {
        later.iter().filter(|c| c.stream() == stream).map(|c| c.key().to_string()).collect()
    };
    let orders = rows(&second, "fact_orders");
    let ids = orders.iter().map(|order| order["order_id"].as_str().unwrap().to_owned());
    assert_eq!(ids.collect::<BTreeSet<_>>(), of_later("ecommerce.order.order"));
    // Orders that changed are told anew; with the others of the first export they are all there is.
    let told_anew = of_later("ecommerce.order.order");
    let kept = rows(&first, "fact_orders").into_iter();
    let kept = kept.filter(|order| !told_anew.contains(order["order_id"].as_str().unwrap()));
    let sum: i64 = kept.chain(orders).map(|order| ten_thousandths(&order["net_amount"])).sum();
    assert_eq!(sum, net(&changes));
}

#[test]
fn an_export_without_what_cannot_be_decoded_is_no_success() {
    let changes = history();
    let data = data_with(&changes);
    let opening = alone();
    let log = EmbeddedLog::open(data.path().join("log"), EmbeddedLogOptions::default()).unwrap();
    drop(opening);
    let mut batch = Batch::default();
    let (key, event_type) = ("O-x".into(), "ecommerce.order.order.paid.v1".into());
    let value = b"no event at all".to_vec();
    batch.push_command([Entry { key, event_type, traceparent: None, value }]);
    log.claim(&Partition::new("ecommerce.order.order", 0)).unwrap().append(batch).unwrap();
    drop(log);
    let to = data.path().join("out");
    let said = replay(data.path(), &format!("export --to {} --files jsonl", to.display()));
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("incomplete: 1 events could not be decoded"), "{}", said.out);
    assert!(to.join("export.json").is_file() && !to.join("_SUCCESS").exists());
    assert_eq!(rows(&to, "events").len(), changes.len());
}

#[test]
fn an_export_is_replaced_when_that_is_said_twice() {
    let data = data_with(&history());
    let to = data.path().join("out");
    replay_well(data.path(), &format!("export --to {} --only dim_product", to.display()));
    let again = format!("export --to {} --only dim_date", to.display());
    let refused = replay(data.path(), &again);
    assert_eq!(
        (refused.code, refused.err.contains("--replace --yes")),
        (64, true),
        "{}",
        refused.err
    );
    assert_eq!(replay(data.path(), &format!("{again} --replace")).code, 64);
    assert!(to.join("dim_product").is_dir());
    replay_well(data.path(), &format!("{again} --replace --yes"));
    assert!(to.join("dim_date").is_dir() && !to.join("dim_product").exists());
}

#[test]
fn what_is_asked_wrongly_is_explained() {
    let data = data_with(&history());
    let to = data.path().join("out");
    let cases = [
        ("--stream ecommerce.order", "there are: ecommerce.product.product"),
        ("--only fact_orders --stream ecommerce.product.product", "--stream leaves out"),
        ("--from 2026-01-02 --until 2026-01-01", "is not before"),
        ("--from yesterday", "must be a time"),
        ("--from 3", "must be a time"),
        ("--only fact_everything", "fact_orders"),
        ("--after nowhere", "is not an export"),
        ("--after nowhere --from 2026-01-02", "cannot be used with"),
    ];
    for (arguments, expected) in cases {
        let said = replay(data.path(), &format!("export --to {} {arguments}", to.display()));
        let found = (said.code, said.err.contains(expected));
        assert_eq!(found, (64, true), "{arguments}: {}", said.err);
        assert!(!to.exists(), "{arguments}");
    }
}

#[test]
fn a_stream_alone_gives_its_events_and_its_tables() {
    let data = data_with(&history());
    let to = data.path().join("out");
    let arguments = format!("export --to {} --stream ecommerce.product.product", to.display());
    replay_well(data.path(), &arguments);
    let entries = fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["_SUCCESS", "dim_date", "dim_product", "events", "export.json"]);
}
