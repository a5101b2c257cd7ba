//! Three nodes with a share of the roles each: every one of them takes every command.

use serde_json::json;

use super::begin;
use super::kafka::Kafka;
use super::nodes::Nodes;
use crate::http::{get, post};
use crate::program::soon;
use crate::serving::{adjustment, order};

/// The last one alone shows what has become of it all.
const ROLES: [&[&str]; 3] = [
    &["--roles", "orders,payments"],
    &["--roles", "inventory,products"],
    &["--roles", "queries,projector"],
];

#[test]
fn a_node_without_a_role_passes_the_command_on() {
    let Some(chaos) = begin() else { return };
    let kafka = Kafka::start(&chaos, 1);
    let nodes = Nodes::told(&kafka.clients(), "roles", &ROLES);
    let reads = nodes.address(2);
    for number in 0..nodes.count() {
        let (node, product) = (nodes.address(number), format!("P-{number}"));
        let price = json!({"amount": "10.00", "currency": "GBP"});
        let body = json!({"productId": product, "details": {"title": product}, "price": price});
        let created = post("/api/v1/products", &body).key(&product).send(node).unwrap().is(201);
        let path = format!("/api/v1/products/{product}?after={}", created.position());
        get(&path).send(reads).unwrap().is(200);
        adjustment(&product, 5).key(&product).send(node).unwrap().is(201);

        // The price table of a node follows the products; until then the product is unknown to it.
        let ask = order(&product, 2).key(&product).header("prefer", "wait=20");
        let placed = soon("an order", || ask.send(node).ok().filter(|answer| answer.status == 201));
        let placed = placed.json();
        assert_eq!(placed["confirmed"], true, "{placed:#}");
        let id = placed["orderId"].as_str().unwrap();
        let pay = json!({"method": "CARD", "token": "tok_approve"});
        let pay = post(&format!("/api/v1/orders/{id}/pay"), &pay).key(&format!("pay-{id}"));
        let paid = pay.header("prefer", "wait=20").send(node).unwrap().is(200);
        assert_eq!(paid.json()["status"], "PAID");
        let ship = post(&format!("/api/v1/orders/{id}/ship"), &json!({"carrier": "Royal Mail"}));
        let shipped = ship.send(node).unwrap().is(200);
        let path = format!("/api/v1/orders/{id}?after={}", shipped.position());
        assert_eq!(get(&path).send(reads).unwrap().is(200).json()["status"], "SHIPPED");
    }
    assert_eq!(nodes.history(&kafka.clients()).orders.len(), ROLES.len());
}
