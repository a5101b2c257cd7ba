//! Every block of commands in docs/operations.md, carried out word by word after the disaster that its section is about.

use std::collections::BTreeSet;
use std::fs;

use chimera_model::order_details::{MODEL, ORDER_DETAILS};
use chimera_model::{RowKey, RowMutation};
use chimera_stores::{EmbeddedStores, RowReader, RowWriter, Scanned, View};
use serde_json::json;

use crate::book::{BOOK, DAILY, Desk, LOG_LOST, REGISTRY_LOST, STORE_LOST, WRONG_ROWS, blocks};
use crate::damage::{flip_a_row, flip_in_the_log};
use crate::history::History;
use crate::http::put;
use crate::poison::poison;
use crate::program::{alone, identical, replay, run};
use crate::serving::Serving;

/// Beside a shop with some of everything.
fn beside_a_shop() -> Desk {
    let desk = Desk::empty();
    let demo = ["demo", "--once", "--orders", "60", "--products", "40", "--partitions", "2"];
    run(&desk.data(), &demo).ended_with(0);
    desk
}

/// Does something to generation `n` of the order details.
fn spoil(desk: &Desk, generation: u32) {
    let _alone = alone();
    let stores = EmbeddedStores::open(&desk.data().join("read")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (rows, view) = (stores.rows(), View::new(MODEL.name, generation));
    let page = runtime.block_on(rows.scan(view, &ORDER_DETAILS, None, 50)).unwrap();
    let wrong = page.items.into_iter().map(|scanned| match scanned {
        Scanned::Sound(row) => wrong(row.key),
        damaged @ Scanned::Damaged { .. } => panic!("{damaged:?}"),
    });
    let wrong: Vec<RowMutation> = wrong.collect();
    assert_eq!(wrong.len(), 50);
    runtime.block_on(rows.apply(view, &wrong, &[])).unwrap();
    drop(rows);
    stores.close().unwrap();
}

fn wrong(key: RowKey) -> RowMutation {
    let cells = vec![("status", "WRONG".into())];
    RowMutation::Upsert { table: &ORDER_DETAILS, key, cells, version: 1_000_000 }
}

/// A section that no test carries out would be a promise.
#[test]
fn every_section_with_commands_is_carried_out_by_a_test() {
    let tested = [
        DAILY,
        "First look",
        STORE_LOST,
        WRONG_ROWS,
        "A deploy projects wrongly",
        LOG_LOST,
        // On Kafka alone: tests/stores.
        REGISTRY_LOST,
        "A bit flips in the log",
        "An event cannot be applied",
        "A price was wrong",
        "A node is lost",
    ];
    let headings = BOOK.split("\n## ").skip(1).filter(|section| section.contains("```sh"));
    let headings: BTreeSet<&str> =
        headings.map(|section| section.split_once('\n').unwrap().0).collect();
    assert_eq!(headings, BTreeSet::from(tested));
    for heading in tested {
        assert!(!blocks(heading).is_empty(), "{heading}");
    }
}

#[test]
fn what_is_done_every_day_and_looked_at_first() {
    let desk = beside_a_shop();
    let said = desk.section(DAILY);
    assert!(!said.contains("NOT SIGNED"), "{said}");
    let said = desk.section("First look");
    assert!(said.contains("log: sound") && said.ends_with("verdict: identical\n"), "{said}");
    let said = desk.section("A node is lost");
    assert!(said.contains("\"partitions\""), "{said}");
}

#[test]
fn a_lost_store_is_built_again() {
    for lost in ["read", "read/rows", "read/kv", "read/search"] {
        let desk = beside_a_shop();
        fs::remove_dir_all(desk.data().join(lost)).unwrap();
        let said = desk.section(STORE_LOST);
        assert!(said.ends_with("verdict: identical\n"), "{lost}: {said}");
    }
}

#[test]
fn wrong_rows_are_named_and_replaced() {
    for (nth, disaster) in [spoilt, flipped].into_iter().enumerate() {
        let desk = beside_a_shop();
        let key = disaster(&desk);
        let said = desk.section(WRONG_ROWS);
        assert!(said.contains("order_details: different"), "disaster {nth}: {said}");
        assert!(said.contains(&key), "disaster {nth}: {key} in {said}");
        assert!(said.contains("verdict: identical\n"), "disaster {nth}: {said}");
        identical(&desk.data());
    }
}

/// Fifty rows have another status.
fn spoilt(desk: &Desk) -> String {
    spoil(desk, 1);
    "status: live WRONG, rebuilt ".to_owned()
}

/// A bit of one row is another one.
fn flipped(desk: &Desk) -> String {
    flip_a_row(&desk.data())
}

#[test]
fn a_projection_that_was_wrong_is_taken_back() {
    let desk = beside_a_shop();
    replay(&desk.data(), &["run", MODEL.name, "--promote", "--yes"]).ended_with(0);
    spoil(&desk, 2);
    replay(&desk.data(), &["verify", MODEL.name]).ended_with(1);
    let said = desk.section("A deploy projects wrongly");
    assert!(said.contains("order_details: generation 1 is live"), "{said}");
    assert!(said.ends_with("verdict: identical\n"), "{said}");
}

#[test]
fn a_lost_log_is_restored_and_everything_is_built_from_it() {
    let desk = beside_a_shop();
    let before = History::of(&desk.data());
    desk.carry_out(blocks(DAILY)[0]);
    fs::remove_dir_all(desk.data().join("log")).unwrap();
    let said = desk.section(LOG_LOST);
    assert!(said.ends_with("verdict: identical\n"), "{said}");
    assert_eq!(History::of(&desk.data()).events, before.events);
    // Nothing was forgotten: everything asked for again is known.
    let demo = ["demo", "--once", "--orders", "60", "--products", "40", "--partitions", "2"];
    let again = run(&desk.data(), &[&demo[..], &["--format", "json"]].concat()).json();
    assert_eq!(again["events"], 0, "{again}");
}

#[test]
fn a_log_with_a_flipped_bit_is_restored() {
    let desk = beside_a_shop();
    let before = History::of(&desk.data());
    desk.carry_out(blocks(DAILY)[0]);
    flip_in_the_log(&desk.data());
    desk.section("A bit flips in the log");
    let said = desk.section(LOG_LOST);
    assert!(said.ends_with("verdict: identical\n"), "{said}");
    assert_eq!(History::of(&desk.data()).events, before.events);
}

#[test]
fn an_event_that_cannot_be_applied_is_seen_to() {
    let desk = Desk::empty();
    let shop = Serving::ready(&desk.data());
    shop.stock_up("P-1", 5);
    assert!(shop.stop().success());
    poison(&desk.data(), "P-1");
    let shop = Serving::ready(&desk.data());
    assert!(shop.stop().success());
    let said = desk.section("An event cannot be applied");
    assert!(said.contains("P-1"), "{said}");
    assert!(said.contains("nothing waits"), "{said}");
}

#[test]
fn a_wrong_price_is_found_and_put_right() {
    let mut desk = Desk::empty();
    let shop = Serving::ready(&desk.data());
    shop.stock_up("P-1", 5);
    let wrong = json!({"price": {"amount": "1.25", "currency": "GBP"}});
    shop.ask(&put("/api/v1/products/P-1/price", &wrong)).is(200);
    assert!(shop.stop().success());
    let [past, curl, afterwards] = blocks("A price was wrong")[..] else { panic!("three blocks") };
    let said = desk.carry_out(past).out;
    assert!(said.contains("1.25"), "{said}");
    let shop = Serving::ready(&desk.data());
    shop.ask(&crate::serving::order("P-1", 2).key("o").header("prefer", "wait=20")).is(201);
    desk.tell("SHOP", &format!("http://{}", shop.address));
    desk.carry_out(curl);
    shop.until("/api/v1/products/P-1", |product| product["price"]["amount"] == "12.50");
    assert!(shop.stop().success());
    assert_eq!(desk.carry_out(afterwards).out.lines().last(), Some("1"));
}
