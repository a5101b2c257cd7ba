//! A shop of three nodes whose nodes, broker and network fail under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use fastrand::Rng;

use super::accounts::Accounts;
use super::begin;
use super::kafka::Kafka;
use super::nodes::Nodes;
use super::proxy::Proxy;
use super::shoppers::{PRODUCTS, Shopper, product};
use crate::http::post;
use crate::program::soon;
use crate::serving::adjustment;

const NODES: usize = 3;
const SHOPPERS: u64 = 4;
/// Every kind of failure twice.
const FAILURES: u64 = 8;
/// So many that nothing runs out.
const OPENING: i64 = 90_000;
/// Milliseconds of calm before a failure.
const CALM: std::ops::Range<u64> = 500..2_000;

#[test]
#[expect(clippy::print_stderr, reason = "figures of a run")]
fn a_shop_of_three_nodes_keeps_all_it_acknowledged_whatever_fails() {
    let Some(chaos) = begin() else { return };
    let mut kafka = Kafka::start(&chaos, 1);
    let proxy = Proxy::before(kafka.brokers[0].listens);
    let nodes = Nodes::ready(&proxy.clients(), "nodes", NODES);
    stock_up(&nodes);
    let over = AtomicBool::new(false);
    let mut shoppers: Vec<Shopper> =
        (0..SHOPPERS).map(|number| Shopper::new(number, chaos.seed)).collect();
    thread::scope(|scope| {
        let shopping: Vec<_> = shoppers
            .iter_mut()
            .map(|shopper| scope.spawn(|| shopper.shop(&nodes, &over)))
            .collect();
        let _ends = Ends(&over);
        let mut kind = 0;
        chaos.runs("nodes", FAILURES, |rng, _| {
            thread::sleep(Duration::from_millis(rng.u64(CALM)));
            fail(kind, rng, &nodes, &mut kafka, &proxy);
            kind = (kind + 1) % 4;
            nodes.all_ready();
            assert!(shopping.iter().all(|shopper| !shopper.is_finished()), "a shopper gave up");
        });
    });
    let accounts = Accounts::of(&shoppers, OPENING);
    accounts.settle(&nodes);
    let history = nodes.history(&kafka.clients());
    accounts.are_in(&history);
    let unanswered: u32 = shoppers.iter().map(|shopper| shopper.unanswered).sum();
    eprintln!("nodes: {}, {} events, {unanswered} asked again", accounts.report(), history.events);
}

/// Ends the shopping, however the scope is left.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn fail(kind: u64, rng: &mut Rng, nodes: &Nodes, kafka: &mut Kafka, proxy: &Proxy) {
    let node = rng.usize(..NODES);
    match kind {
        0 => nodes.kill_and_start(node),
        1 => {
            nodes.signal(node, "STOP");
            // Past its session, so that the others take over.
            thread::sleep(Duration::from_millis(rng.u64(2_500..4_500)));
            nodes.signal(node, "CONT");
        }
        2 => proxy.cut(),
        _ => {
            kafka.brokers[0].kill();
            kafka.brokers[0].start();
            kafka.brokers[0].wait();
        }
    }
}

fn stock_up(nodes: &Nodes) {
    for number in 0..PRODUCTS {
        let product = product(number);
        let price = serde_json::json!({"amount": "10.00", "currency": "GBP"});
        let details = serde_json::json!({"title": product});
        let body = serde_json::json!({"productId": product, "details": details, "price": price});
        for ask in [post("/api/v1/products", &body), adjustment(&product, OPENING)] {
            let ask = ask.key(&format!("opening-{product}"));
            let mut node = 0;
            soon(&product, || {
                node = (node + 1) % NODES;
                ask.send(nodes.address(node)).ok().filter(|answer| answer.status == 201)
            });
        }
    }
}
