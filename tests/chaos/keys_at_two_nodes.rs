//! Every wish is sent to two nodes at once under one key, while the owner of the orders is killed: it comes true once.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_log::Partition;

use super::begin;
use super::kafka::Kafka;
use super::load;
use super::nodes::Nodes;
use crate::program::soon;
use crate::serving::order;

const CLIENTS: usize = 6;
const KEYS: usize = 240;
/// As many as are sent before the kill.
const BEFORE: usize = 80;
/// Longer than a takeover.
const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn a_key_sent_to_two_nodes_while_the_owner_is_killed_makes_one_order() {
    let Some(chaos) = begin() else { return };
    let kafka = Kafka::start(&chaos, 1);
    let nodes = Nodes::ready(&kafka.clients(), "two-nodes", 3);
    load::introduce(&nodes);
    let killed = nodes.owner(&Partition::new(Order::STREAM, 0));
    let others = [1, 2].map(|step| nodes.address((killed + step) % 3));
    let next = AtomicUsize::new(0);
    let ids = thread::scope(|scope| {
        let client = || {
            let mut ids = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= KEYS {
                    return ids;
                }
                ids.push(sent_to_both(&format!("key-{number}"), others));
            }
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        soon("the first keys", || (next.load(Ordering::Relaxed) >= BEFORE).then_some(()));
        nodes.kill_and_start(killed);
        let all = clients.into_iter().flat_map(|client| client.join().unwrap());
        all.collect::<Vec<String>>()
    });
    let different: BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), different.len()), (KEYS, KEYS));
    nodes.all_ready();
    let history = nodes.history(&kafka.clients());
    assert_eq!(history.orders.len(), KEYS, "a key has made more than one order");
    for id in ids {
        assert!(history.orders.contains_key(&*id), "{id} is lost");
    }
}

/// To both at once, each until it answers; what both have told.
fn sent_to_both(key: &str, nodes: [SocketAddr; 2]) -> String {
    let ask = order(&load::product_in(0), 1).key(key);
    let placed = |to| {
        let answer =
            soon(key, || ask.send_within(to, PATIENCE).ok().filter(|answer| answer.status < 500));
        answer.is(201).json()["orderId"].as_str().unwrap().to_owned()
    };
    thread::scope(|scope| {
        let second = scope.spawn(|| placed(nodes[1]));
        let (one, other) = (placed(nodes[0]), second.join().unwrap());
        assert_eq!(one, other, "{key} was told two orders");
        one
    })
}
