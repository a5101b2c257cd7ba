//! What the shoppers were told, held against the log: every order and every unit, once; shelves and orders agree.

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::ids::OrderId;
use chimera_domain::order::Status;
use serde_json::Value;

use super::nodes::Nodes;
use super::shoppers::{PRODUCTS, Shopper, Wish, product};
use crate::history::History;
use crate::http::get;
use crate::program::soon;

/// What there must be.
#[derive(Default)]
pub(crate) struct Accounts {
    /// Product and units by order.
    orders: BTreeMap<String, (String, i64)>,
    paid: BTreeSet<String>,
    canceled: BTreeSet<String>,
    /// On hand by product.
    shelves: BTreeMap<String, i64>,
}

impl Accounts {
    /// From what was told, with so many on each shelf before.
    pub(crate) fn of(shoppers: &[Shopper], opening: i64) -> Self {
        let mut accounts = Self::default();
        for number in 0..PRODUCTS {
            accounts.shelves.insert(product(number), opening);
        }
        for granted in shoppers.iter().flat_map(|shopper| &shopper.granted) {
            match &granted.wish {
                Wish::Adjust { product: number, units } => {
                    *accounts.shelves.get_mut(&product(*number)).unwrap() += units;
                }
                Wish::Order { product: number, units } => {
                    let ordered = (product(*number), *units);
                    let before = accounts.orders.insert(granted.told.clone(), ordered);
                    assert!(before.is_none(), "two wishes were told the order {}", granted.told);
                }
                Wish::Pay { order } => drop(accounts.paid.insert(order.clone())),
                Wish::Cancel { order } => drop(accounts.canceled.insert(order.clone())),
            }
        }
        accounts
    }

    /// Waits until every process has done what follows from what was told.
    pub(crate) fn settle(&self, nodes: &Nodes) {
        let mut held: BTreeMap<&str, i64> = BTreeMap::new();
        for (order, (product, units)) in &self.orders {
            let path = format!("/api/v1/orders/{order}");
            let order =
                soon(&path, || read(nodes, &path).filter(|now| self.is_settled(order, now)));
            if order["status"] != "CANCELED" {
                *held.entry(product).or_default() += units;
            }
        }
        for (product, units) in held {
            let path = format!("/api/v1/inventory/{product}");
            soon(&path, || read(nodes, &path).filter(|stock| stock["reserved"] == units));
        }
    }

    fn is_settled(&self, order: &str, now: &Value) -> bool {
        match now["status"].as_str() {
            Some("CANCELED" | "PAID") => true,
            _ => {
                now["confirmed"] == true
                    && !self.paid.contains(order)
                    && !self.canceled.contains(order)
            }
        }
    }

    pub(crate) fn are_in(&self, history: &History) {
        assert!(self.orders.len() > 20, "there was no load");
        for (order, (product, units)) in &self.orders {
            let found = history.orders.get(&**order);
            let placed = found.unwrap_or_else(|| panic!("{order} is lost")).placed().unwrap();
            assert_eq!((placed.lines.len(), placed.lines[0].quantity), (1, *units));
            let stands = !matches!(placed.head.status, Status::Canceled);
            assert!(!self.canceled.contains(order) || !stands, "{order} was canceled");
            let held =
                history.stock[&**product].held_by(&OrderId::try_from(order.as_str()).unwrap());
            assert_eq!(held.map_or(0, i64::from), if stands { *units } else { 0 }, "{order}");
        }
        assert_eq!(history.orders.len(), self.orders.len(), "there are orders nobody was told of");
        for (product, on_hand) in &self.shelves {
            assert_eq!(history.stock[&**product].balance().on_hand, *on_hand, "{product}");
        }
        for order in self.paid.difference(&self.canceled) {
            let placed = history.orders[&**order].placed().unwrap();
            assert_eq!(placed.head.status, Status::Paid, "{order}");
        }
    }

    pub(crate) fn report(&self) -> String {
        let Self { orders, paid, canceled, .. } = self;
        format!("{} orders, {} paid, {} canceled", orders.len(), paid.len(), canceled.len())
    }
}

/// From the first node.
fn read(nodes: &Nodes, path: &str) -> Option<Value> {
    let answer = get(path).send(nodes.address(0)).ok()?;
    (answer.status == 200).then(|| answer.json())
}
