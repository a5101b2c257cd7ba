//! What one node has acknowledged, any other shows to whoever says where it stands.

use super::begin;
use super::kafka::Kafka;
use super::load::{self, PARTITIONS};
use super::nodes::Nodes;
use crate::http::get;
use crate::serving::{adjustment, order};

const WRITES: usize = 60;

#[test]
fn a_write_on_one_node_is_seen_on_another_by_its_position() {
    let Some(chaos) = begin() else { return };
    let kafka = Kafka::start(&chaos, 1);
    let nodes = Nodes::ready(&kafka.clients(), "elsewhere", 3);
    load::introduce(&nodes);
    for write in 1..=WRITES {
        let (here, there) = (nodes.address(write % 3), nodes.address((write + 1) % 3));
        let product = load::product_in(u32::try_from(write).unwrap() % PARTITIONS);
        let adjust = adjustment(&product, 1).key(&format!("write-{write}"));
        let written = adjust.send(here).unwrap().is(201);
        let path = format!("/api/v1/inventory/{product}?after={}", written.position());
        let seen = get(&path).send(there).unwrap().is(200).json();
        // One before, and one with each round.
        let expected = 1 + write.div_ceil(PARTITIONS as usize);
        assert_eq!(seen["onHand"], expected, "{product} after write {write}");

        let placed = order(&product, 1).key(&format!("order-{write}")).send(here).unwrap().is(201);
        let id = placed.json()["orderId"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/orders/{id}");
        let seen = get(&path).header("Chimera-Position", placed.position()).send(there).unwrap();
        assert_eq!(seen.is(200).json()["orderId"], id.as_str());
    }
    assert_eq!(nodes.history(&kafka.clients()).orders.len(), WRITES);
}
