//! A shop of three nodes whose nodes, broker and network fail under load. Each run has a shop of its own, and one failure: its
//! kind, its victim and its moment come from the seed.

use std::thread;
use std::time::Instant;

use chimera_log_kafka::KafkaLog;
use fastrand::Rng;

use super::accounts::Accounts;
use super::begin;
use super::failure::{Failure, MANY, Scene};
use super::kafka::Kafka;
use super::nodes::Nodes;
use super::proxy::Proxy;
use super::shoppers::{PRODUCTS, Shopper, Shopping, product};
use crate::http::post;
use crate::program::soon;
use crate::serving::adjustment;

const NODES: usize = 3;
const SHOPPERS: u64 = 4;
/// So many that nothing runs out.
const OPENING: i64 = 90_000;
/// How many wishes are answered before a failure, and how many more after it.
const BEFORE: std::ops::Range<usize> = 20..60;
const AFTER: usize = 20;

#[test]
fn a_shop_of_three_nodes_keeps_all_it_acknowledged_whatever_fails() {
    let Some(chaos) = begin() else { return };
    let mut kafka = Kafka::start(&chaos, 1);
    let proxy = Proxy::before(kafka.brokers[0].listens);
    for seed in chaos.seeds("nodes", MANY) {
        survives(seed, &mut kafka, &proxy);
    }
}

#[expect(clippy::print_stderr, reason = "figures of a run")]
fn survives(seed: u64, kafka: &mut Kafka, proxy: &Proxy) {
    let (begun, failure) = (Instant::now(), Failure::of(seed));
    let nodes = Nodes::ready(&proxy.clients(), &format!("nodes-{seed}"), NODES);
    stock_up(&nodes);
    let mut rng = Rng::with_seed(seed);
    let mut shoppers: Vec<Shopper> =
        (0..=SHOPPERS).map(|number| Shopper::new(number, seed)).collect();
    shoppers[0].look_around(&nodes);
    let scene = Scene { nodes: &nodes, kafka: &mut *kafka, proxy, rng: &mut rng };
    let partition = fails(failure, scene, &mut shoppers[1..]);
    let accounts = Accounts::of(&shoppers, OPENING);
    accounts.settle(&nodes);
    let settings = nodes.log(&kafka.clients());
    let history = nodes.history(&kafka.clients());
    accounts.are_in(&history);
    KafkaLog::open(settings).unwrap().delete_topics().unwrap();
    let unanswered: u32 = shoppers.iter().map(|shopper| shopper.unanswered).sum();
    let (report, events, took) = (accounts.report(), history.events, begun.elapsed().as_secs());
    eprintln!(
        "nodes: {failure:?} of {partition}: {report}, {events} events, {unanswered} asked again, {took} s"
    );
}

/// While the shoppers shop.
fn fails(
    failure: Failure,
    mut scene: Scene<'_>,
    shoppers: &mut [Shopper],
) -> chimera_log::Partition {
    let (shopping, nodes) = (Shopping::default(), scene.nodes);
    thread::scope(|scope| {
        let started: Vec<_> = shoppers
            .iter_mut()
            .map(|shopper| scope.spawn(|| shopper.shop(nodes, &shopping)))
            .collect();
        let _ends = Ends(&shopping);
        let answered = |count| {
            soon("answers", || {
                assert!(started.iter().all(|shopper| !shopper.is_finished()), "a shopper gave up");
                (shopping.answered() >= count).then_some(())
            });
        };
        answered(scene.rng.usize(BEFORE));
        let partition = failure.befalls(&mut scene);
        nodes.all_ready();
        answered(shopping.answered() + AFTER);
        partition
    })
}

/// Ends the shopping, however the scope is left.
struct Ends<'a>(&'a Shopping);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.end();
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
