//! Read model `product_cache`: everything that the page of one product shows, as one key-value.
//!
//! An event replaces only the parts that it carries whole, so each kind of change has a part of its own. A product is there
//! once its part `product` is; stock may be counted before. Lists of products are `product_catalogue`'s.

use chimera_domain::money::Money;
use chimera_domain::product::{self, Event};
use chimera_domain::recorded::Recorded;
use chimera_domain::stock;
use chimera_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::inventory_snapshot::StockBalance;
use crate::{Change, KvSpec, Mutation, Projection, ReadModel};

/// The read model.
pub static MODEL: ReadModel = ReadModel {
    name: "product_cache",
    event_types: &[
        "ecommerce.product.product.created.v1",
        "ecommerce.product.product.updated.v1",
        "ecommerce.product.product.price_changed.v1",
        "ecommerce.product.product.discontinued.v1",
        "ecommerce.product.product.relisted.v1",
        "ecommerce.inventory.stock.adjusted.v1",
        "ecommerce.inventory.stock.reserved.v1",
        "ecommerce.inventory.stock.released.v1",
        "ecommerce.inventory.stock.committed.v1",
    ],
    tables: &[],
    spaces: &[&PRODUCT],
    indices: &[],
    projection: Projection::Project(project),
};

/// `product:<product id>`: `product` holds a [`Birth`], `details` a [`Described`], `price` a [`Price`],
/// `listing` a [`Listing`], `stock` a [`StockBalance`].
pub static PRODUCT: KvSpec =
    KvSpec { space: "product", parts: &["product", "details", "price", "listing", "stock"] };

/// What never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Birth {
    /// When it came into the catalogue.
    pub created_at: Timestamp,
    /// Whether its stock is counted.
    pub stock_tracked: bool,
}

/// What the product is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Described<D> {
    /// The details, borrowed or owned.
    pub details: D,
    /// When they became so.
    pub updated_at: Timestamp,
    /// The product's version after it.
    pub version: u64,
}

/// What one costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// The price in force.
    pub price: Money,
    /// Since when.
    pub valid_from: Timestamp,
    /// The product's version after it.
    pub version: u64,
}

/// Whether it can be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// Whether it takes no new orders.
    pub discontinued: bool,
    /// Why.
    pub reason: Option<String>,
    /// When it became so.
    pub updated_at: Timestamp,
    /// The product's version after it.
    pub version: u64,
}

fn project(change: &Change) -> Vec<Mutation> {
    match change {
        Change::Product(recorded) => of_product(recorded),
        Change::Stock(recorded) => of_stock(recorded),
        Change::Order(_) | Change::Payment(_) => vec![],
    }
}

fn of_product(recorded: &Recorded<Event>) -> Vec<Mutation> {
    match &recorded.event {
        Event::Created { details, price, price_valid_from, stock_tracked } => {
            let created_at = recorded.meta.occurred_at;
            let birth = Birth { created_at, stock_tracked: *stock_tracked };
            vec![
                part(recorded, "product", &birth),
                described(recorded, details),
                priced(recorded, *price, *price_valid_from),
                listed(recorded, false, None),
            ]
        }
        Event::Updated { details } => vec![described(recorded, details)],
        Event::PriceChanged { new_price, valid_from, .. } => {
            vec![priced(recorded, *new_price, *valid_from)]
        }
        Event::Discontinued { reason } => vec![listed(recorded, true, reason.clone())],
        Event::Relisted {} => vec![listed(recorded, false, None)],
    }
}

fn of_stock(recorded: &Recorded<stock::Event>) -> Vec<Mutation> {
    match &recorded.event {
        stock::Event::Adjusted { balance, .. }
        | stock::Event::Reserved { balance, .. }
        | stock::Event::Released { balance, .. }
        | stock::Event::Committed { balance, .. } => {
            let after = StockBalance::after(recorded, *balance);
            vec![Mutation::part(&PRODUCT, &recorded.key, "stock", after.version, &after)]
        }
        stock::Event::Low { .. } => vec![],
    }
}

fn described(recorded: &Recorded<Event>, details: &product::Details) -> Mutation {
    let (updated_at, version) = (recorded.meta.occurred_at, recorded.meta.aggregate_version);
    part(recorded, "details", &Described { details, updated_at, version })
}

fn priced(recorded: &Recorded<Event>, price: Money, valid_from: Timestamp) -> Mutation {
    let version = recorded.meta.aggregate_version;
    part(recorded, "price", &Price { price, valid_from, version })
}

fn listed(recorded: &Recorded<Event>, discontinued: bool, reason: Option<String>) -> Mutation {
    let (updated_at, version) = (recorded.meta.occurred_at, recorded.meta.aggregate_version);
    part(recorded, "listing", &Listing { discontinued, reason, updated_at, version })
}

fn part(recorded: &Recorded<Event>, part: &'static str, content: &impl Serialize) -> Mutation {
    Mutation::part(&PRODUCT, &recorded.key, part, recorded.meta.aggregate_version, content)
}

#[cfg(test)]
mod tests {
    use chimera_domain::money::Currency;
    use chimera_domain::product::Details;
    use chimera_domain::stock::Balance;

    use super::*;
    use crate::testing::{START, Tables, history};

    fn price(text: &str) -> Money {
        Money { amount: text.parse().unwrap(), currency: Currency::GBP }
    }

    fn created() -> Event {
        let details = Box::new(Details::titled("Emma").unwrap());
        Event::Created { details, price: price("1"), price_valid_from: START, stock_tracked: true }
    }

    fn given(events: impl IntoIterator<Item = Event>) -> Tables {
        let mut changes: Vec<_> = history("P.1", events).into_iter().map(Change::Product).collect();
        let balance = Balance { on_hand: 5, reserved: 2 };
        let (order_id, quantity) = ("O-1".try_into().unwrap(), 2);
        let reserved = stock::Event::Reserved { order_id, quantity, balance };
        changes.extend(history("P.1", [reserved]).into_iter().map(Change::Stock));
        Tables::after(&MODEL, &changes)
    }

    #[test]
    fn every_kind_of_change_replaces_its_own_part() {
        let details = Box::new(Details::titled("Emma, 2nd edition").unwrap());
        let changed = Event::PriceChanged {
            old_price: price("1"),
            old_valid_from: START,
            new_price: price("2"),
            valid_from: START.plus(5),
            reason: None,
        };
        let gone = Event::Discontinued { reason: Some("out of print".into()) };
        let parts =
            given([created(), Event::Updated { details }, changed, gone]).parts("product", "P.1");
        let versions: Vec<_> = parts.iter().map(|(part, (v, _))| (part.as_str(), *v)).collect();
        let expected = [("details", 2), ("listing", 4), ("price", 3), ("product", 1), ("stock", 1)];
        assert_eq!(versions, expected);
        let described: Described<Details> = serde_json::from_str(&parts["details"].1).unwrap();
        assert_eq!(described.details.title, "Emma, 2nd edition");
        let price: Price = serde_json::from_str(&parts["price"].1).unwrap();
        assert_eq!(
            (price.price.amount.to_string(), price.valid_from.0),
            ("2.00".into(), START.0 + 5)
        );
        let listing: Listing = serde_json::from_str(&parts["listing"].1).unwrap();
        assert!(listing.discontinued);
    }

    #[test]
    fn a_relisted_product_is_for_sale_again() {
        let tables = given([created(), Event::Discontinued { reason: None }, Event::Relisted {}]);
        let listing: Listing =
            serde_json::from_str(&tables.part("product", "P.1", "listing")).unwrap();
        assert!(!listing.discontinued);
    }

    #[test]
    fn stock_counted_before_there_is_a_product_makes_no_product() {
        let parts = given([]).parts("product", "P.1");
        assert!(!parts.contains_key("product"));
        let stock: StockBalance = serde_json::from_str(&parts["stock"].1).unwrap();
        assert_eq!(stock.available, 3);
    }
}
