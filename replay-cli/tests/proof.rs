//! What `verify` proves, what it finds, and what `run` puts right.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use chimera_model::order_details;
use chimera_model::{ALL, RowKey, RowMutation, Value};
use chimera_stores::{EmbeddedStores, Page, RowReader, RowWriter, Scanned, View};
use serde_json::Value as Json;
use support::{alone, append, data_with, history, replaced, replay, replay_well};

/// The entry of one read model in a report.
fn model<'a>(report: &'a Json, name: &str) -> &'a Json {
    let models = report["models"].as_array().unwrap();
    models.iter().find(|model| model["name"] == name).unwrap()
}

/// The entry of one table in a report.
fn table<'a>(report: &'a Json, name: &str) -> &'a Json {
    let models = report["models"].as_array().unwrap();
    let tables = models.iter().flat_map(|model| model["tables"].as_array().unwrap());
    tables.into_iter().find(|table| table["name"] == name).unwrap()
}

fn stores(dir: &Path) -> EmbeddedStores {
    let _opening = alone();
    EmbeddedStores::open(&dir.join("read")).unwrap()
}

const TABLE: &chimera_model::TableSpec = order_details::MODEL.tables[0];

/// Some row of the live order details.
async fn some_key(stores: &EmbeddedStores, view: View) -> RowKey {
    let page: Page<_> = stores.rows().scan(view, TABLE, None, 2).await.unwrap();
    match page.items.last() {
        Some(Scanned::Sound(row)) => row.key.clone(),
        other => panic!("{other:?} is no row"),
    }
}

#[test]
fn what_was_lost_is_rebuilt_and_proved_identical() {
    let dir = data_with(&history());
    let said = replay(dir.path(), "verify --format json");
    assert_eq!(said.code, 1);
    assert!(said.json()["models"][0]["problems"][0].as_str().unwrap().contains("never been built"));
    for lost in ["read", "read/rows", "read/kv"] {
        let _ = fs::remove_dir_all(dir.path().join(lost));
        replay_well(dir.path(), "run --all");
        let report = replay_well(dir.path(), "verify --format json").json();
        assert_eq!(report["verdict"], "identical");
        assert_eq!(report["models"].as_array().unwrap().len(), ALL.len());
        assert!(table(&report, TABLE.name)["rows"].as_u64().unwrap() > 0);
    }
    assert!(!dir.path().join("verify-scratch").exists());
}

#[test]
fn losing_one_store_is_said_of_the_read_models_in_it() {
    let dir = data_with(&history());
    replay_well(dir.path(), "run --all");
    fs::remove_dir_all(dir.path().join("read/kv")).unwrap();
    let said = replay(dir.path(), "verify --format json");
    assert_eq!(said.code, 1);
    let report = said.json();
    assert_eq!(model(&report, "order_details")["verdict"], "identical");
    let lost = &model(&report, "order_status")["problems"][0];
    assert!(lost.as_str().unwrap().contains("replay run order_status"), "{lost}");
}

#[tokio::test]
async fn a_flipped_bit_in_a_stored_row_is_found_and_named() {
    let dir = data_with(&history());
    replay_well(dir.path(), "run --all");
    let stores = stores(dir.path());
    let view = View::new(order_details::MODEL.name, 1);
    let key = some_key(&stores, view).await;
    stores.rows().damage(view, TABLE, &key).unwrap();
    stores.close().unwrap();
    let said = replay(dir.path(), "verify order_details --format json");
    assert_eq!(said.code, 1, "{}", said.err);
    let report = said.json();
    assert_eq!(report["verdict"], "different");
    let differing = table(&report, TABLE.name)["differing"].as_array().unwrap();
    assert_eq!(differing.len(), 1);
    assert_eq!(differing[0]["key"], chimera_stores::key_text(&key));
    assert_eq!(differing[0]["found"], "damaged");
    let text = replay(dir.path(), "verify order_details").out;
    assert!(text.contains(&format!("{}: damaged: ", chimera_stores::key_text(&key))), "{text}");
    replaced(dir.path(), &["order_details"]);
    replay_well(dir.path(), "verify");
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let copied = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(copied.parent().unwrap()).unwrap();
        fs::copy(file, copied).unwrap();
    }
}

/// Wherever the bit is: no panic, and never another content taken for what was written.
#[test]
fn a_flipped_bit_anywhere_in_the_files_of_a_store_is_said_or_does_no_harm() {
    let original = data_with(&history());
    replay_well(original.path(), "run orders_by_customer");
    let mut said_damaged = 0;
    for file in files(&original.path().join("read/rows/keyspaces")) {
        let dir = tempfile::tempdir().unwrap();
        copy(original.path(), dir.path());
        let file = dir.path().join(file.strip_prefix(original.path()).unwrap());
        let mut bytes = fs::read(&file).unwrap();
        let place = bytes.len() * 3 / 7;
        bytes[place] ^= 0x10;
        fs::write(&file, bytes).unwrap();
        let said = replay(dir.path(), "verify orders_by_customer");
        let place = format!("{}, byte {place}", file.display());
        assert!(said.code <= 1, "{place}: {}{}", said.out, said.err);
        assert!(!said.err.contains("panicked"), "{place}: {}", said.err);
        said_damaged += said.code;
    }
    assert!(said_damaged > 0);
}

#[tokio::test]
async fn a_changed_row_is_named_with_its_fields_and_an_extra_one_too() {
    let dir = data_with(&history());
    replay_well(dir.path(), "run order_details");
    let stores = stores(dir.path());
    let view = View::new(order_details::MODEL.name, 1);
    let key = some_key(&stores, view).await;
    let column = TABLE.columns.iter().find(|c| c.kind == chimera_model::Kind::Text).unwrap().name;
    let forged = |key| RowMutation::Upsert {
        table: TABLE,
        key,
        cells: vec![(column, Value::Text("forged".to_owned()))],
        version: 1_000_000,
    };
    let mut extra = key.clone();
    extra.0[0] = Value::Text("nobody".to_owned());
    stores.rows().apply(view, &[forged(key.clone()), forged(extra)], &[]).await.unwrap();
    stores.close().unwrap();
    let report = replay(dir.path(), "verify order_details --format json").json();
    let differing = table(&report, TABLE.name)["differing"].as_array().unwrap();
    let named = |key: &RowKey| {
        let key = chimera_stores::key_text(key);
        differing.iter().find(|differing| differing["key"] == key).unwrap()
    };
    assert_eq!(differing.len(), 2);
    assert!(differing.iter().any(|differing| differing["found"] == "extra"));
    assert_eq!(named(&key)["live"][column], "forged");
    assert_ne!(named(&key)["rebuilt"][column], "forged");
    assert!(named(&key)["fields"].as_array().unwrap().contains(&column.into()));
}

#[test]
fn a_lag_is_said_and_compared_where_the_read_model_stands() {
    let history = history();
    let (before, after) = history.split_at(history.len() / 2);
    let dir = data_with(before);
    replay_well(dir.path(), "run --all");
    append(dir.path(), after);
    let report = replay_well(dir.path(), "verify --format json").json();
    assert_eq!(report["verdict"], "identical");
    let lag = model(&report, "order_details")["lag"].as_u64().unwrap();
    assert!(lag > 0);
    let status = replay_well(dir.path(), "status --format json").json();
    assert_eq!(model(&status, "order_details")["lag"], lag);
    let text = replay_well(dir.path(), "verify order_details").out;
    assert!(text.contains(&format!("it is {lag} events behind the log")), "{text}");
}

#[test]
fn a_flipped_bit_in_the_log_is_named_with_its_sequence() {
    let dir = data_with(&history());
    replay_well(dir.path(), "run --all");
    let partition = dir.path().join("log/ecommerce.order.order/0");
    let segments = files(&partition);
    assert!(segments.len() > 2, "{segments:?}");
    let mut bytes = fs::read(&segments[1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segments[1], bytes).unwrap();
    let said = replay(dir.path(), "verify --format json");
    assert_eq!(said.code, 1, "{}", said.err);
    let report = said.json();
    assert_eq!(
        (&report["verdict"], &report["log"]["verdict"]),
        (&"different".into(), &"damaged".into())
    );
    let fault = &report["log"]["faults"][0];
    assert_eq!(
        (&fault["stream"], &fault["partition"]),
        (&"ecommerce.order.order".into(), &0.into())
    );
    assert!(fault["sequence"].as_u64().unwrap() > 1);
    let problem = &model(&report, "order_details")["problems"][0];
    assert!(problem.as_str().unwrap().contains("is damaged at sequence"), "{problem}");
}

#[test]
fn a_missing_event_shows_as_a_gap_in_its_aggregate() {
    let mut history = history();
    let last = history.iter().rposition(|c| c.stream() == "ecommerce.order.order").unwrap();
    history.truncate(last + 1);
    // The last event of the stream takes the place of the one before it, under its own sequence.
    let partition = history[last].partition();
    let of_partition = |c: &chimera_model::Change| {
        c.stream() == "ecommerce.order.order" && c.partition() == partition
    };
    let before = history[..last].iter().rposition(of_partition).unwrap();
    history.remove(before);
    let dir = data_with(&history);
    let report = replay(dir.path(), "verify --format json").json();
    let reasons: Vec<&str> = report["log"]["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["reason"].as_str().unwrap())
        .collect();
    assert!(reasons.iter().any(|reason| reason.contains("sequence")), "{reasons:?}");
}

#[test]
fn a_command_that_took_effect_twice_is_named_where_it_did_so_again() {
    let mut history = history();
    let of_order = |c: &chimera_model::Change| c.stream() == "ecommerce.order.order";
    let first = history.iter().position(of_order).unwrap();
    let (partition, command) =
        (history[first].partition(), history[first].meta().command_id.clone());
    let last = history.iter().rposition(|c| of_order(c) && c.partition() == partition).unwrap();
    let chimera_model::Change::Order(recorded) = &mut history[last] else { panic!() };
    (recorded.meta.command_id, recorded.meta.recorded_at) =
        (command.clone(), chimera_model::testing::START);
    let dir = data_with(&history);
    let report = replay(dir.path(), "verify daily_revenue --format json").json();
    let faults = report["log"]["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 1, "{faults:?}");
    let reason = faults[0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with(&format!("the command {command} took effect at sequence 1,")),
        "{reason}"
    );
    assert_eq!(faults[0]["sequence"], history[last].meta().sequence);
}

#[tokio::test]
async fn two_generations_are_compared_and_the_log_says_what_differs() {
    let history = history();
    let (before, after) = history.split_at(history.len() / 2);
    let dir = data_with(before);
    replay_well(dir.path(), "run order_details");
    let stores = stores(dir.path());
    for table in order_details::MODEL.tables {
        copy_table(&stores, table).await;
    }
    stores.close().unwrap();
    append(dir.path(), after);
    let beside = "verify order_details --against 2 --format json";
    assert_eq!(replay_well(dir.path(), beside).json()["verdict"], "identical");
    let alone = "verify order_details --generation 2 --format json";
    assert_eq!(replay_well(dir.path(), alone).json()["models"][0]["generation"], 2);
    let stores = self::stores(dir.path());
    let (view, key) = (View::new("order_details", 2), some_key(&stores, OTHER).await);
    let gone = RowMutation::Delete { table: TABLE, key: key.clone(), version: 1_000_000 };
    stores.rows().apply(view, &[gone], &[]).await.unwrap();
    stores.close().unwrap();
    for (arguments, found) in [(beside, "extra"), (alone, "missing")] {
        let said = replay(dir.path(), arguments);
        assert_eq!(said.code, 1, "{}{}", said.out, said.err);
        let report = said.json();
        let table = table(&report, TABLE.name);
        let differing = table["differing"].as_array().unwrap();
        assert_eq!(differing.len(), 1, "{}", said.out);
        assert_eq!(differing[0]["key"], chimera_stores::key_text(&key));
        assert_eq!(differing[0]["found"], found);
        let ranges = table["ranges"].as_array().unwrap();
        assert_eq!(ranges.len(), 64);
        assert_eq!(ranges.iter().filter(|range| range["verdict"] == "different").count(), 1);
        let rows: u64 = ranges.iter().map(|range| range["rows"].as_u64().unwrap()).sum();
        assert_eq!(table["rows"], rows);
    }
    let text = replay(dir.path(), "verify order_details --against 2").out;
    assert!(text.contains("order_details: different, generation 1 beside generation 2"), "{text}");
}

const OTHER: View = View::new("order_details", 2);

/// Makes generation 2 of a table what generation 1 is.
async fn copy_table(stores: &EmbeddedStores, table: &'static chimera_model::TableSpec) {
    let (rows, live) = (stores.rows(), View::new("order_details", 1));
    rows.create(OTHER, order_details::MODEL.tables).await.unwrap();
    let mut after = None;
    loop {
        let page: Page<_> = rows.scan(live, table, after.as_ref(), 100).await.unwrap();
        for scanned in page.items {
            let Scanned::Sound(row) = scanned else { panic!("a damaged row") };
            rows.apply(OTHER, &[RowMutation::replacing(table, row)], &[]).await.unwrap();
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let checkpoints = rows.checkpoints(live).await.unwrap();
    rows.apply(OTHER, &[], &checkpoints).await.unwrap();
}
