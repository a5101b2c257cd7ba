//! Things that break: read models lost or flipped, log records flipped. Found, named, rebuilt where that is possible, never served.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chimera_model::Value;
use chimera_model::order_details::{MODEL, ORDER_DETAILS};
use chimera_stores::{EmbeddedStores, RowReader, Scanned, View};
use fastrand::Rng;

use crate::history::History;
use crate::http::get;
use crate::program::{alone, identical, replay, run};
use crate::serving::{Serving, order};

/// A small shop with some of everything.
fn shop() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let demo = ["demo", "--once", "--orders", "60", "--products", "40", "--partitions", "2"];
    run(data.path(), &demo).ended_with(0);
    data
}

#[test]
fn read_models_that_are_gone_are_built_again_from_the_log() {
    let data = shop();
    let events = History::of(data.path()).events;
    fs::remove_dir_all(data.path().join("read")).unwrap();
    let rebuilt = replay(data.path(), &["run", "--all", "--format", "json"]).json();
    assert_eq!(rebuilt["verdict"], "done", "{rebuilt:#}");
    identical(data.path());
    assert_eq!(History::of(data.path()).events, events);

    // And so are checkpoints, by whoever opens the shop next.
    fs::remove_dir_all(data.path().join("state")).unwrap();
    fs::remove_dir_all(data.path().join("read")).unwrap();
    let demo = ["demo", "--once", "--orders", "60", "--products", "40", "--format", "json"];
    let again = run(data.path(), &[&demo[..], &["--partitions", "2"]].concat()).json();
    assert_eq!(again["events"], 0, "it is known from the log what was done");
    identical(data.path());
}

#[test]
fn a_flipped_bit_in_a_read_model_is_found_and_named_until_it_is_rebuilt() {
    let data = shop();
    let key = flip_a_row(data.path());
    let said = replay(data.path(), &["verify", "--format", "json"]);
    said.ended_with(1);
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&report["verdict"], &report["log"]["verdict"]),
        (&"different".into(), &"sound".into())
    );
    let models = report["models"].as_array().unwrap();
    let differing: Vec<_> = models.iter().filter(|model| model["verdict"] == "different").collect();
    assert_eq!(differing.len(), 1, "{report:#}");
    assert_eq!(differing[0]["name"], MODEL.name);
    let tables = differing[0]["tables"].as_array().unwrap();
    let table = tables.iter().find(|table| table["verdict"] == "different").unwrap();
    assert_eq!(table["name"], ORDER_DETAILS.name);
    assert_eq!(table["differing"][0]["key"], key);
    assert_eq!(table["differing"][0]["found"], "damaged");
    replay(data.path(), &["run", MODEL.name, "--promote", "--yes"]).ended_with(0);
    identical(data.path());
}

/// Flips a bit of the first order's row; its key.
pub(crate) fn flip_a_row(data: &Path) -> String {
    let _alone = alone();
    let stores = EmbeddedStores::open(&data.join("read")).unwrap();
    let (rows, view) = (stores.rows(), View::new(MODEL.name, 1));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let page = runtime.block_on(rows.scan(view, &ORDER_DETAILS, None, 1)).unwrap();
    let Scanned::Sound(row) = &page.items[0] else { panic!("{page:?}") };
    rows.damage(view, &ORDER_DETAILS, &row.key).unwrap();
    drop(rows);
    stores.close().unwrap();
    let [Value::Text(order)] = &row.key.0[..] else { panic!("{row:?}") };
    order.clone()
}

#[test]
fn a_flipped_bit_in_the_log_is_named_by_its_place_and_nothing_is_served() {
    let data = shop();
    let mut rng = Rng::with_seed(3);
    for segment in segments(data.path()) {
        let sound = fs::read(&segment).unwrap();
        let end = sound.iter().rposition(|&byte| byte != 0).unwrap();
        let mut damaged = sound.clone();
        let place = rng.usize(0..=end);
        damaged[place] ^= 1 << rng.u32(0..8);
        fs::write(&segment, damaged).unwrap();

        let file = segment.file_name().unwrap().to_str().unwrap();
        let directory = segment.parent().unwrap().strip_prefix(data.path().join("log")).unwrap();
        let serve = run(data.path(), &["serve", "--http", "127.0.0.1:0", "--partitions", "2"]);
        let verify = replay(data.path(), &["verify"]);
        for said in [serve, verify] {
            said.ended_with(1).and_said("is damaged at sequence").and_said("restore the file");
            said.and_said(directory.to_str().unwrap()).and_said(file).and_said("byte ");
            assert_eq!(said.out, "");
        }
        fs::write(&segment, sound).unwrap();
    }
    identical(data.path());
}

/// Flips a bit of an event in the middle of the log.
pub(crate) fn flip_in_the_log(data: &Path) {
    let segment = segments(data).swap_remove(4);
    let mut bytes = fs::read(&segment).unwrap();
    let end = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    bytes[end / 2] ^= 1;
    fs::write(&segment, bytes).unwrap();
}

/// The segments with something in them.
fn segments(data: &Path) -> Vec<PathBuf> {
    let within = |path: PathBuf| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let streams = within(data.join("log")).filter(|path| path.is_dir());
    let segments: Vec<PathBuf> = streams.flat_map(within).flat_map(within).collect();
    assert_eq!(segments.len(), 8, "{segments:?}");
    segments
}

#[test]
fn a_bit_that_flips_under_a_running_shop_is_never_served_as_history() {
    let data = tempfile::tempdir().unwrap();
    let shop = Serving::ready(data.path());
    shop.stock_up("P-1", 9);
    let placed = shop.ask(&order("P-1", 2).key("k").header("prefer", "wait=20")).is(201);
    let path = format!("/api/v1/orders/{}", placed.json()["orderId"].as_str().unwrap());
    let events = format!("{path}/events");
    shop.ask(&get(&events)).is(200);
    let customer = b"alice";
    let (segment, place) = found_in_the_log(data.path(), customer);
    // In place: the shop has the file open.
    let mut file = fs::File::options().write(true).open(&segment).unwrap();
    file.seek(SeekFrom::Start(place)).unwrap();
    file.write_all(&[customer[0] ^ 1]).unwrap();
    let answer = shop.ask(&get(&events));
    assert!(answer.status >= 500 && !answer.text.contains("`lice"), "{answer:?}");
    // What was read before it flipped is still there.
    shop.ask(&get(&path)).is(200);
    shop.stop();
    let said = replay(data.path(), &["verify"]);
    said.ended_with(1).and_said("ecommerce.order.order/").and_said("is damaged at sequence 1");
}

/// The segment and the byte where `bytes` stand first.
fn found_in_the_log(data: &Path, bytes: &[u8]) -> (PathBuf, u64) {
    let found = segments(data).into_iter().find_map(|segment| {
        let content = fs::read(&segment).unwrap();
        let place = content.windows(bytes.len()).position(|window| window == bytes)?;
        Some((segment, place as u64))
    });
    found.unwrap()
}
