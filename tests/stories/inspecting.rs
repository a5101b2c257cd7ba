//! Looking into the log with `replay inspect`: where every store is lost, one order is explained from its first event to its last.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::http::post;
use crate::poison::garbage;
use crate::program::replay;
use crate::serving::{Serving, order};

fn inspect(data: &Path, what: &[&str]) -> Value {
    replay(data, &[&["inspect", "--format", "json"], what].concat()).json()
}

fn text(data: &Path, what: &[&str]) -> String {
    let said = replay(data, &[&["inspect"], what].concat());
    said.ended_with(0);
    said.out
}

/// A shop with one order that is confirmed, paid and sent, and nothing left but its log. The order's id.
fn closed_shop(data: &Path) -> String {
    let shop = Serving::ready(data);
    shop.stock_up("P-1", 9);
    let ask = order("P-1", 2).key("k").header("prefer", "wait=20");
    let placed = shop.ask(&ask.header("correlation-id", "req-order")).is(201).json();
    let id = placed["orderId"].as_str().unwrap().to_owned();
    let pay = post(
        &format!("/api/v1/orders/{id}/pay"),
        &json!({"method": "CARD", "token": "tok_approve"}),
    );
    let pay = pay.key("pay").header("prefer", "wait=20").header("correlation-id", "req-pay");
    assert_eq!(shop.ask(&pay).is(200).json()["status"], "PAID");
    shop.ask(&post(&format!("/api/v1/orders/{id}/ship"), &json!({"carrier": "Royal Mail"})))
        .is(200);
    assert!(shop.stop().success());
    fs::remove_dir_all(data.join("read")).unwrap();
    id
}

fn types(events: &Value) -> Vec<&str> {
    let each = events.as_array().unwrap().iter();
    each.map(|event| event["event_type"].as_str().unwrap().rsplit('.').nth(1).unwrap()).collect()
}

/// Each event with what it has caused, as `reserved(confirmed)`.
fn shape(causes: &Value) -> String {
    let each = causes.as_array().unwrap().iter().map(|cause| {
        let name = cause["event"]["event_type"].as_str().unwrap().rsplit('.').nth(1).unwrap();
        match &cause["effects"] {
            Value::Null => name.to_owned(),
            effects => format!("{name}({})", shape(effects)),
        }
    });
    each.collect::<Vec<_>>().join(" ")
}

fn status(aggregate: &Value) -> &Value {
    &aggregate["state"]["Placed"]["head"]["status"]
}

#[test]
fn an_order_is_explained_from_the_log_alone() {
    let room = tempfile::tempdir().unwrap();
    let (data, id) = (room.path(), closed_shop(room.path()));

    let whole = inspect(data, &["order", &id])["aggregate"].clone();
    let events = whole["events"].as_array().unwrap();
    assert_eq!(whole["version"], events.len());
    for (version, event) in (1..).zip(events) {
        assert_eq!((&event["version"], &event["key"]), (&json!(version), &json!(id)), "{event:#}");
    }
    assert_eq!(status(&whole), "SHIPPED", "{whole:#}");
    assert_eq!(types(&whole["events"])[0], "created");

    let first = inspect(data, &["order", &id, "--at", "1"])["aggregate"].clone();
    assert_eq!((&first["version"], types(&first["events"])), (&json!(1), vec!["created"]));
    let since = inspect(data, &["order", &id, "--since", "1", "--at", "4"])["aggregate"].clone();
    assert_eq!(types(&since["events"]), types(&whole["events"])[1..4]);
    let changed = since["changed"].as_array().unwrap();
    let of_status =
        changed.iter().find(|changed| changed["field"] == "Placed.head.status").unwrap();
    assert_eq!(&of_status["before"], status(&first), "{changed:#?}");
    let early = inspect(data, &["order", &id, "--at", "2001-01-01"])["aggregate"].clone();
    assert_eq!((&early["version"], types(&early["events"])), (&json!(0), vec![]));

    let created = events[0]["event_id"].as_str().unwrap();
    let one = inspect(data, &["event", created]);
    assert_eq!((&one["event"], types(&one["caused"])), (&events[0], vec!["reserved", "confirmed"]));
    let tree = inspect(data, &["causes", "req-order"]);
    assert_eq!(shape(&tree["causes"]), "created(reserved confirmed)");
    let paying = shape(&inspect(data, &["causes", "req-pay"])["causes"]);
    assert!(paying.starts_with("payment_requested("), "{paying}");

    for what in [&["order", &id][..], &["causes", "req-pay"], &["event", created]] {
        let said = text(data, what);
        assert!(said.contains(&id) && !said.contains("tok_approve"), "{said}");
    }
}

#[test]
fn what_cannot_be_decoded_is_shown_for_what_it_is() {
    let room = tempfile::tempdir().unwrap();
    let (data, id) = (room.path(), closed_shop(room.path()));
    let before = inspect(data, &["product", "P-1"])["aggregate"].clone();
    garbage(data, "P-1");
    let after = inspect(data, &["product", "P-1"])["aggregate"].clone();
    assert_eq!(after["state"], before["state"]);
    let problem = after["problem"].as_str().unwrap();
    assert!(problem.contains("the state is the one before it"), "{problem}");
    let last = after["events"].as_array().unwrap().last().unwrap();
    assert!(last["bytes"].as_u64().unwrap() > 0 && last.get("data").is_none(), "{last:#}");
    assert!(text(data, &["product", "P-1"]).contains("cannot be decoded"));

    let refused = |what: &[&str], code: i32, why: &str| {
        replay(data, &[&["inspect"], what].concat()).ended_with(code).and_said(why);
    };
    refused(&["order", "nowhere"], 1, "ecommerce.order.order has no event of nowhere");
    refused(&["causes", "nobody"], 1, "no event of the request nobody");
    refused(&["event", "01932b7e-6a4c-7cc3-98c4-dc0c0c07398f"], 1, "the log has no event");
    refused(&["event", &id], 64, "UUID");
    refused(&["order", &id, "--at", "yesterday"], 64, "must be a version");
}
