//! What staff sees of the read models and does with events that cannot be applied, over HTTP and with `replay` between.

use std::path::Path;

use chimera_model::product_search_index::MODEL;
use serde_json::{Value, json};

use crate::http::{Answer, Ask, get, patch, post};
use crate::poison::poison;
use crate::program::{identical, replay};
use crate::serving::{Serving, order};

const PROJECTIONS: &str = "/api/v1/admin/projections";
const DEAD_LETTERS: &str = "/api/v1/admin/dead-letters";

fn of_product(verb: &str) -> String {
    format!("{DEAD_LETTERS}/{}/P-1{verb}", MODEL.name)
}

#[track_caller]
fn refused(answer: Answer, status: u16, code: &str) {
    assert_eq!(answer.is(status).json()["code"], code);
}

/// Of the one read model that the story is about.
fn of_search(projections: &Value) -> &Value {
    let items = projections["items"].as_array().unwrap();
    items.iter().find(|item| item["model"] == MODEL.name).unwrap()
}

#[test]
fn staff_sees_how_far_every_read_model_is() {
    let data = tempfile::tempdir().unwrap();
    let shop = Serving::ready(data.path());
    shop.stock_up("P-1", 9);
    shop.ask(&order("P-1", 2).key("k").header("prefer", "wait=20")).is(201);
    let level = |items: &[Value]| items.iter().all(|item| item["lagEvents"] == 0);
    let told = shop.until(PROJECTIONS, |told| level(told["items"].as_array().unwrap()));
    let items = told["items"].as_array().unwrap();
    let names: Vec<&str> = items.iter().map(|item| item["model"].as_str().unwrap()).collect();
    let known: Vec<&str> = chimera_model::ALL.iter().map(|model| model.name).collect();
    assert_eq!(names, known);
    for item in items {
        assert_eq!((&item["generation"], &item["lagSeconds"]), (&1.into(), &json!(0.0)), "{item}");
        assert_eq!(item["deadLetters"], json!({"aggregates": 0, "events": 0}), "{item}");
        for absent in ["halted", "storeSilent"] {
            assert!(item.get(absent).is_none(), "{item}");
        }
    }
    // Two partitions of two streams, each at its end: a product, its stock twice.
    let partitions = of_search(&told)["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), 4);
    let mut ends = 0;
    for partition in partitions {
        assert_eq!(partition["applied"], partition["end"], "{partition}");
        assert_eq!(partition["lagSeconds"], 0.0, "{partition}");
        ends += partition["end"].as_u64().unwrap();
    }
    assert_eq!(ends, 3);
}

#[test]
fn where_nothing_waits_there_is_nothing_to_show_or_to_do_and_customers_are_sent_away() {
    let data = tempfile::tempdir().unwrap();
    let shop = Serving::ready(data.path());
    let listed = shop.ask(&get(DEAD_LETTERS)).is(200).json();
    assert_eq!(listed, json!({"items": []}));
    let drop = json!({"reason": "a test order"});
    let unknown = format!("{DEAD_LETTERS}/no_such_model/P-1");
    let cases = [
        (get(&format!("{DEAD_LETTERS}?model=no_such_model")), 404, "read_model.not_found"),
        (get(&unknown), 404, "read_model.not_found"),
        (post(&format!("{unknown}/retry"), &json!({})), 404, "read_model.not_found"),
        (post(&format!("{unknown}/drop"), &drop), 404, "read_model.not_found"),
        (get(&of_product("")), 404, "dead_letter.not_found"),
        (post(&of_product("/retry"), &json!({})), 404, "dead_letter.not_found"),
        (post(&of_product("/drop"), &drop), 404, "dead_letter.not_found"),
        (post(&of_product("/drop"), &json!({})), 422, "request.invalid"),
        (post(&of_product("/drop"), &json!({"reason": " "})), 422, "request.invalid"),
        (post(&of_product("/drop"), &json!({"reason": "x".repeat(501)})), 422, "request.invalid"),
        (get(&format!("{DEAD_LETTERS}?cursor=nonsense")), 400, "cursor.invalid"),
    ];
    for (ask, status, code) in cases {
        refused(shop.ask(&ask), status, code);
    }
    let waiting = post(&format!("{DEAD_LETTERS}/retry"), &json!({}));
    assert_eq!(shop.ask(&waiting).is(202).json()["about"], 0);
    let for_staff: [Ask; 6] = [
        get(PROJECTIONS),
        get(DEAD_LETTERS),
        get(&of_product("")),
        waiting,
        post(&of_product("/retry"), &json!({})),
        post(&of_product("/drop"), &drop),
    ];
    for ask in for_staff {
        refused(shop.ask(&ask.header("chimera-act-as", "alice")), 403, "auth.scope_missing");
    }
}

#[test]
fn an_event_that_cannot_be_applied_is_seen_tried_and_given_up_and_nobody_else_waits() {
    let data = tempfile::tempdir().unwrap();
    let shop = Serving::ready(data.path());
    shop.stock_up("P-1", 9);
    assert!(shop.stop().success());
    poison(data.path(), "P-1");
    let shop = Serving::ready(data.path());
    let better = json!({"title": "A brief one", "publisher": "Brief"});
    shop.ask(&patch("/api/v1/products/P-1", &better)).is(200);
    shop.stock_up("P-2", 9);
    shop.until("/api/v1/products/search?q=P-2", |found| found["items"][0]["productId"] == "P-2");
    let listed = shop.until(DEAD_LETTERS, |listed| listed["items"][0]["events"] == 2);
    let [waiting] = &listed["items"].as_array().unwrap()[..] else { panic!("{listed:#}") };
    assert_eq!((&waiting["model"], &waiting["key"]), (&MODEL.name.into(), &"P-1".into()));
    assert_eq!((&waiting["class"], &waiting["attempts"]), (&"REJECTED".into(), &1.into()));
    assert!(waiting["error"].as_str().unwrap().contains("publisher"), "{waiting}");
    let told = shop.ask(&get(PROJECTIONS)).is(200).json();
    assert_eq!(of_search(&told)["deadLetters"], json!({"aggregates": 1, "events": 2}));

    let shown = shop.ask(&get(&of_product(""))).is(200).json();
    let [rejected, behind] = &shown["items"].as_array().unwrap()[..] else { panic!("{shown:#}") };
    assert_eq!((&rejected["class"], &behind["class"]), (&"REJECTED".into(), &"WAITING".into()));
    assert!(behind["event"].to_string().contains("Brief") && behind.get("raw").is_none());

    let retry = post(&of_product("/retry"), &json!({}));
    assert_eq!(shop.ask(&retry).is(202).json()["about"], 2);
    let of_model = format!("{DEAD_LETTERS}?model={}", MODEL.name);
    let tried = shop.until(&of_model, |listed| listed["items"][0]["attempts"] == 2);
    assert!(shop.stop().success());
    is_seen_by_replay(data.path(), &tried["items"][0]);
    gives_up(data.path());
    identical(data.path());
}

/// What the command tells is what the shop told.
fn is_seen_by_replay(data: &Path, told: &Value) {
    let seen = replay(data, &["dlq", "list", "--format", "json"]).json();
    let [seen] = &seen["aggregates"].as_array().unwrap()[..] else { panic!("{seen:#}") };
    for (name, in_command) in [("eventType", "event_type"), ("firstSeen", "first_seen")] {
        assert_eq!(seen[in_command], told[name]);
    }
    for same in ["model", "key", "stream", "partition", "sequence", "class", "error", "attempts"] {
        assert_eq!(seen[same], told[same], "{same}");
    }
}

/// The first event is dropped; then what waited behind it is applied.
fn gives_up(data: &Path) {
    let shop = Serving::ready(data);
    let drop = post(&of_product("/drop"), &json!({"reason": "no such publisher"}));
    assert_eq!(shop.ask(&drop).is(202).json()["about"], 1);
    let left = shop.until(DEAD_LETTERS, |listed| listed["items"][0]["events"] == 1);
    assert_eq!(left["items"][0]["class"], "WAITING", "{left:#}");
    shop.ask(&post(&of_product("/retry"), &json!({}))).is(202);
    shop.until(DEAD_LETTERS, |listed| listed["items"] == json!([]));
    refused(shop.ask(&get(&of_product(""))), 404, "dead_letter.not_found");
    shop.until("/api/v1/products/search?q=brief", |found| found["items"][0]["productId"] == "P-1");
    let told = shop.ask(&get(PROJECTIONS)).is(200).json();
    assert_eq!(of_search(&told)["deadLetters"], json!({"aggregates": 0, "events": 0}));
    assert!(shop.stop().success());
}
