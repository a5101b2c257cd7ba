//! Three nodes on a real Kafka share the feeding of the same real stores and are killed in turn: what one has left half written, the
//! next takes up.

use std::thread;
use std::time::Duration;

use chimera_log_kafka::KafkaLog;

use crate::nodes::{Nodes, Pace};
use crate::places::brokers;
use crate::program::{end, soon};
use crate::shop::{Shop, is_level, reconciled, verified};
use crate::{retail, seeds, turn};

const INVOICES: u32 = 500;
/// In some calm, so that the import comes to its end on a busy machine too.
const PACE: Pace = Pace { kill_to_kill: Duration::ZERO, calm: Duration::from_secs(3) };

#[test]
fn nodes_that_are_killed_in_turn_fill_the_stores_as_one_in_peace_would() {
    let Some(_turn) = turn("killed nodes with real stores") else { return };
    let brokers = brokers();
    for seed in seeds(1) {
        survives(seed, &brokers);
    }
}

fn survives(seed: u64, brokers: &str) {
    let shop = Shop::new("killed_nodes");
    let file = shop.written("retail.csv", &retail::file(seed, INVOICES));
    let stores = shop.stores();
    let told: Vec<&str> = stores.iter().map(String::as_str).collect();
    let nodes = Nodes::told(brokers, shop.name(), &[&told[..]; 3]);
    // It feeds nothing itself: that is left to those that are killed.
    let file = file.to_str().unwrap();
    let import = ["import", "online-retail", file, "--format", "json", "--roles", "queries"];
    let import = nodes.beside(&[&import[..], &told].concat());
    let import = thread::spawn(|| end(import));
    let kills = nodes.kill_in_turn(PACE, || import.is_finished());
    let when = format!("seed {seed}, {kills} kills");
    assert!(kills > 0, "{when}: the import was over before the first");
    reconciled(&import.join().unwrap(), &when);
    nodes.all_ready();
    let settings = [nodes.settings(), stores.clone()].concat();
    let report =
        soon("level read models", || Some(verified(&nodes.own_data(), &settings)).filter(is_level));
    assert_eq!(report["verdict"], "identical", "{when}: {report:#}");
    let log = nodes.log(brokers);
    let history = nodes.history(brokers);
    println!("{when}: {} events of {} aggregates", history.events, history.aggregates());
    KafkaLog::open(log).unwrap().delete_topics().unwrap();
}
