//! Read models that do not stand where the log ends: further, or in one store further than in the other.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chimera_log::EventLog;
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};
use chimera_model::inventory_snapshot::MODEL;
use chimera_stores::EmbeddedStores;
use chimera_worker::{Feeder, Limits, Positions, Stores};
use support::{alone, append, data_with, history, replaced, replay, replay_well};

#[test]
fn a_read_model_ahead_of_the_log_is_said_to_be_so() {
    let history = history();
    let dir = data_with(&history);
    replay_well(dir.path(), "run --all");
    fs::remove_dir_all(dir.path().join("log")).unwrap();
    append(dir.path(), &history[..history.len() / 2]);
    let said = replay(dir.path(), "verify order_status");
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains(", and the log ends at "), "{}", said.out);
    replaced(dir.path(), &["order_status"]);
    replay_well(dir.path(), "verify order_status");
}

/// Feeds the live generation to the end of the log, as a serving process does.
async fn catch_up(dir: &Path) {
    let opening = alone();
    let log = EmbeddedLog::open(dir.join("log"), EmbeddedLogOptions::default()).unwrap();
    let stores = EmbeddedStores::open(&dir.join("read")).unwrap();
    drop(opening);
    let log: Arc<dyn EventLog> = Arc::new(log);
    let all = Stores { rows: stores.rows(), kv: stores.kv(), search: stores.search() };
    let feeder = Feeder::new(log.clone(), all, Limits::LIVE).unwrap();
    let target = feeder.target(&MODEL, 1);
    let end = |partition: &_| Some(*log.high_watermark(partition).unwrap().borrow());
    let legs = feeder.legs(&target, end).await.unwrap();
    feeder.feed(&target, &legs, &Positions::default()).await.unwrap();
    stores.close().unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, copied).unwrap();
        }
    }
}

#[tokio::test]
async fn each_store_is_compared_where_it_stands_itself() {
    let history = history();
    let dir = data_with(&history[..history.len() / 2]);
    replay_well(dir.path(), "run inventory_snapshot");
    let (kv, before) = (dir.path().join("read/kv"), dir.path().join("before"));
    copy(&kv, &before);
    append(dir.path(), &history[history.len() / 2..]);
    catch_up(dir.path()).await;
    fs::remove_dir_all(&kv).unwrap();
    fs::rename(before, &kv).unwrap();
    let report = replay_well(dir.path(), "verify inventory_snapshot --format json").json();
    let model = &report["models"][0];
    assert!(model["lag"].as_u64().unwrap() > 0);
    assert_eq!(model["tables"].as_array().unwrap().len(), 2);
}
