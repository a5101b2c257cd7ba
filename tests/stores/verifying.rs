//! `replay verify` while an import runs: whatever is written between two of its reads, nothing is said to differ but what does.

use std::path::Path;
use std::thread;

use chimera_log_kafka::KafkaLog;
use chimera_model::{Kind, RowMutation, TableSpec, Value, order_details};
use chimera_stores::{
    CassandraRows, Page, RowReader as _, RowWriter as _, Scanned, View, key_text,
};
use serde_json::Value as Json;

use crate::nodes::Nodes;
use crate::places::{self, brokers};
use crate::program::{end, replay};
use crate::shop::{Shop, reconciled};
use crate::{retail, turn};

const INVOICES: u32 = 1_600;
const TABLE: &TableSpec = order_details::MODEL.tables[0];
/// No event comes near it.
const LATE: u64 = 1 << 40;

#[test]
fn what_an_import_writes_meanwhile_is_no_difference_and_what_a_hand_has_changed_is() {
    let Some(_turn) = turn("verification during an import") else { return };
    let brokers = brokers();
    let shop = Shop::new("verifying");
    let file = shop.written("retail.csv", &retail::file(3, INVOICES));
    let stores = shop.stores();
    let told: Vec<&str> = stores.iter().map(String::as_str).collect();
    let nodes = Nodes::told(&brokers, shop.name(), &[&told[..]]);
    let import = ["import", "online-retail", file.to_str().unwrap(), "--format", "json"];
    let import = nodes.beside(&[&import[..], &["--roles", "queries"], &told].concat());
    let import = thread::spawn(|| end(import));
    let settings = [nodes.settings(), stores.clone()].concat();
    let dir = shop.written("verifier", "").with_extension("d");

    let (mut forged, mut rounds, mut in_flight) = (None, 0, 0);
    while !import.is_finished() {
        let report = verified(&dir, &settings);
        // A read model whose first event is still to come has nothing to be compared.
        let differing = differing(&report);
        assert_eq!(differing, Vec::from_iter(forged.clone()), "round {rounds}: {report:#}");
        in_flight += written_meanwhile(&report);
        rounds += 1;
        if forged.is_none() {
            forged = forge(shop.name(), &report);
        }
    }
    reconciled(&import.join().unwrap(), "at the end");
    println!("{rounds} rounds, {in_flight} keys were written meanwhile");
    assert!(forged.is_some() && in_flight > 0, "{rounds} rounds, {in_flight} keys in flight");
    assert_eq!(differing(&verified(&dir, &settings)), Vec::from_iter(forged));
    let log = nodes.log(&brokers);
    drop(nodes);
    KafkaLog::open(log).unwrap().delete_topics().unwrap();
}

fn verified(data: &Path, settings: &[String]) -> Json {
    let mut arguments = vec!["verify", "--format", "json"];
    arguments.extend(settings.iter().map(String::as_str));
    let said = replay(data, &arguments);
    let report: Json = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
    assert_eq!(report["log"]["verdict"], "sound", "{report:#}");
    report
}

fn tables(report: &Json) -> impl Iterator<Item = &Json> {
    let models = report["models"].as_array().unwrap();
    for model in models {
        assert_eq!(model["problems"], Json::Array(vec![]), "{model:#}");
    }
    models.iter().flat_map(|model| model["tables"].as_array().unwrap())
}

fn differing(report: &Json) -> Vec<String> {
    let found = tables(report).flat_map(|table| table["differing"].as_array().unwrap());
    found.map(|differing| differing["key"].as_str().unwrap().to_owned()).collect()
}

fn written_meanwhile(report: &Json) -> u64 {
    tables(report).map(|table| table["in_flight"].as_u64().unwrap()).sum()
}

/// Changes a row of the live orders by hand; which, if there is one yet.
fn forge(keyspace: &str, report: &Json) -> Option<String> {
    let models = report["models"].as_array().unwrap();
    let model = models.iter().find(|model| model["name"] == order_details::MODEL.name).unwrap();
    let generation = u32::try_from(model["generation"].as_u64().unwrap()).unwrap();
    let view = View::new(order_details::MODEL.name, generation);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let rows = CassandraRows::connect(&places::keyspace(keyspace)).await.unwrap();
        let page: Page<_> = rows.scan(view, TABLE, None, 1).await.unwrap();
        let Some(Scanned::Sound(row)) = page.items.into_iter().next() else { return None };
        let column = TABLE.columns.iter().find(|column| column.kind == Kind::Text).unwrap();
        let cells = vec![(column.name, Value::Text("forged".to_owned()))];
        let key = row.key;
        let forged = RowMutation::Upsert { table: TABLE, key: key.clone(), cells, version: LATE };
        rows.apply(view, &[forged], &[]).await.unwrap();
        Some(key_text(&key))
    })
}
