//! The shop over HTTP: an order from the first product to the money back, what operators look at, and the end in order.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::{get, post};
use crate::program::{identical, run, soon};
use crate::serving::{Serving, order};

#[test]
fn an_order_goes_from_the_first_product_to_delivery_and_back() {
    let data = tempfile::tempdir().unwrap();
    let shop = Serving::ready(data.path());
    let stocked = shop.stock_up("P-1", 5);
    let path = format!("/api/v1/inventory/P-1?after={}", stocked.position());
    assert_eq!(shop.ask(&get(&path)).is(200).json()["available"], 5);

    let placed = shop.ask(&order("P-1", 2).key("order").header("prefer", "wait=20")).is(201);
    let id = placed.json()["orderId"].as_str().unwrap().to_owned();
    assert_eq!(placed.json()["confirmed"], true);
    let path = format!("/api/v1/orders/{id}");
    let payment = json!({"method": "CARD", "token": "tok_approve"});
    let pay = post(&format!("{path}/pay"), &payment).key("pay").header("prefer", "wait=20");
    assert_eq!(shop.ask(&pay).is(200).json()["status"], "PAID");
    shop.ask(&post(&format!("{path}/ship"), &json!({"carrier": "Royal Mail"}))).is(200);
    let delivered = shop.ask(&post(&format!("{path}/deliver"), &json!({}))).is(200);

    // Both ways of asking not to be told less than one knows.
    let seen = shop.ask(&get(&path).header("Chimera-Position", delivered.position())).is(200);
    assert_eq!(seen.json()["status"], "FULFILLED");
    let timeline = format!("{path}/timeline?after={}", delivered.position());
    assert!(shop.ask(&get(&timeline)).is(200).text.contains("FULFILLED"));

    let reason = json!({"reason": "damaged"});
    shop.ask(&post(&format!("{path}/returns"), &reason).key("return")).is(200);
    let returned = shop.ask(&post(&format!("{path}/returns/accept"), &json!({}))).is(200);
    let seen = shop.ask(&get(&format!("{path}?after={}", returned.position()))).is(200);
    assert_eq!(seen.json()["status"], "RETURNED");
    shop.until(&path, |order| order["payment"]["state"] == "REFUNDED");
    shop.until("/api/v1/inventory/P-1", |stock| stock["onHand"] == 5 && stock["available"] == 5);
    shop.until("/api/v1/analytics/daily-revenue", |revenue| {
        revenue["total"]["sales"] == "20.00" && revenue["total"]["net"] == "0.00"
    });
    let then = shop.ask(&get(&format!("{path}?at=1"))).is(200).json();
    assert_eq!((&then["status"], &then["version"]), (&"PENDING".into(), &1.into()));
    assert!(shop.stop().success());
    identical(data.path());
}

#[test]
fn a_shop_says_that_it_is_ready_only_when_it_knows_its_whole_log() {
    let data = tempfile::tempdir().unwrap();
    let demo = ["demo", "--once", "--orders", "200", "--products", "60", "--partitions", "2"];
    let summary = run(data.path(), &[&demo[..], &["--format", "json"]].concat()).json();
    // Everything has to be read from the log again.
    fs::remove_dir_all(data.path().join("read")).unwrap();
    fs::remove_dir_all(data.path().join("state")).unwrap();
    let shop = Serving::start(data.path());
    assert_eq!(shop.ask(&get("/health/live")).status, 200);
    soon("ready", || {
        let answer = shop.ask(&get("/health/ready"));
        assert!(matches!(answer.status, 200 | 503), "{}", answer.text);
        (answer.status == 200).then_some(())
    });
    let revenue = shop.ask(&get("/api/v1/analytics/daily-revenue")).is(200).json();
    assert_eq!(revenue["total"]["net"], summary["netRevenue"]);
    shop.ask(&get("/api/v1/orders/demo-42-000001")).is(200);
    assert!(shop.stop().success());
}

#[test]
fn operators_find_the_figures_they_rely_on() {
    let data = tempfile::tempdir().unwrap();
    let shop = Serving::ready(data.path());
    shop.stock_up("P-1", 1);
    for (key, status) in [("first", "PENDING"), ("second", "CANCELED")] {
        let placed = shop.ask(&order("P-1", 1).key(key).header("prefer", "wait=20")).is(201);
        assert_eq!(placed.json()["status"], status);
    }
    let figures = [
        "orders_created_total 2",
        "order_creation_latency_ms_count 2",
        "inventory_reservation_failures_total 1",
        "projection_lag_seconds",
        "projection_lag_events",
        "log_append_batch_events",
        "log_append_latency_ms",
        "partition_owned",
        "takeover_seconds",
    ];
    soon("all figures", || {
        let page = shop.ask(&get("/metrics")).is(200).text;
        figures.iter().all(|figure| page.lines().any(|line| line.starts_with(figure))).then_some(())
    });
}

#[test]
fn a_shop_that_is_told_to_end_does_so_within_seconds_and_loses_nothing() {
    let data = tempfile::tempdir().unwrap();
    let shop = Serving::ready(data.path());
    shop.stock_up("P-1", 9);
    let id = shop.ask(&order("P-1", 2).key("k")).is(201).json()["orderId"].clone();
    let told = Instant::now();
    let ended = shop.stop();
    assert_eq!(ended.code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());

    let shop = Serving::ready(data.path());
    let again = shop.ask(&order("P-1", 2).key("k")).is(201).json();
    assert_eq!(again["orderId"], id);
    shop.until("/api/v1/inventory/P-1", |stock| stock["onHand"] == 9 && stock["reserved"] == 2);
    shop.stop();
    identical(data.path());
}
