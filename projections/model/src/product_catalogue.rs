//! Read model `product_catalogue`: all products in a stable order, for lists in pages.
//!
//! A key-value space cannot be walked in order, so lists have a table of their own. Its rows are spread over [`BUCKETS`]
//! partitions of the store by a hash of the id; a list walks bucket after bucket, in each by id. Knows nothing of stock,
//! so that the many stock events pass it by.

use chimera_domain::aggregate::DomainEvent;
use chimera_domain::money::Money;
use chimera_domain::product::{self, Details, Event};
use chimera_domain::recorded::Recorded;

use crate::{Change, Column, Kind, Mutation, Projection, ReadModel, TableSpec, Value};

/// The read model.
pub static MODEL: ReadModel = ReadModel {
    name: "product_catalogue",
    event_types: product::Event::TYPES,
    tables: &[&PRODUCTS],
    spaces: &[],
    indices: &[],
    projection: Projection::Project(project),
};

/// One row a product.
pub static PRODUCTS: TableSpec = TableSpec {
    name: "products",
    partition_key: &[Column::new("bucket", Kind::Integer)],
    clustering: &[Column::new("product_id", Kind::Text)],
    columns: &[
        Column::new("title", Kind::Text),
        Column::new("details", Kind::Json),
        Column::new("price", Kind::Decimal),
        Column::new("currency", Kind::Text),
        Column::new("price_valid_from", Kind::Timestamp),
        Column::new("stock_tracked", Kind::Boolean),
        Column::new("discontinued", Kind::Boolean),
        Column::new("discontinued_reason", Kind::Text),
        Column::new("created_at", Kind::Timestamp),
        Column::new("updated_at", Kind::Timestamp),
        Column::new("version", Kind::Integer),
    ],
};

/// Over how many partitions of the store the products are spread; part of the stored layout.
pub const BUCKETS: u32 = 16;

/// The bucket of a product: FNV-1a of its id, 32 bits, modulo [`BUCKETS`].
#[must_use]
pub fn bucket_of(product_id: &str) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in product_id.bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash % BUCKETS
}

fn project(change: &Change) -> Vec<Mutation> {
    match change {
        Change::Product(recorded) => vec![row(recorded)],
        Change::Stock(_) | Change::Order(_) | Change::Payment(_) => vec![],
    }
}

fn row(recorded: &Recorded<Event>) -> Mutation {
    let (now, version) = (recorded.meta.occurred_at, recorded.meta.aggregate_version);
    let mut cells = vec![("updated_at", now.into()), ("version", version.into())];
    match &recorded.event {
        Event::Created { details, price, price_valid_from, stock_tracked } => {
            cells.extend(described(details));
            cells.extend(priced(*price));
            cells.extend(listed(false, None));
            cells.push(("price_valid_from", (*price_valid_from).into()));
            cells.push(("stock_tracked", (*stock_tracked).into()));
            cells.push(("created_at", now.into()));
        }
        Event::Updated { details } => cells.extend(described(details)),
        Event::PriceChanged { new_price, valid_from, .. } => {
            cells.extend(priced(*new_price));
            cells.push(("price_valid_from", (*valid_from).into()));
        }
        Event::Discontinued { reason } => cells.extend(listed(true, reason.as_ref())),
        Event::Relisted {} => cells.extend(listed(false, None)),
    }
    let id = recorded.key.as_ref();
    Mutation::upsert(&PRODUCTS, [bucket_of(id).into(), id.into()], version, cells)
}

fn described(details: &Details) -> [(&'static str, Value); 2] {
    [("title", (&details.title).into()), ("details", Value::json(details))]
}

fn priced(price: Money) -> [(&'static str, Value); 2] {
    [("price", price.amount.into()), ("currency", price.currency.as_str().into())]
}

fn listed(discontinued: bool, reason: Option<&String>) -> [(&'static str, Value); 2] {
    [("discontinued", discontinued.into()), ("discontinued_reason", reason.into())]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chimera_domain::money::Currency;

    use super::*;
    use crate::testing::{START, Tables, history};

    #[test]
    fn a_product_has_one_row_that_its_events_change_in_part() {
        let price = Money { amount: "1.50".parse().unwrap(), currency: Currency::GBP };
        let created = Event::Created {
            details: Box::new(Details::titled("Emma").unwrap()),
            price,
            price_valid_from: START,
            stock_tracked: true,
        };
        let details = Box::new(Details::titled("Persuasion").unwrap());
        let events = [created, Event::Updated { details }, Event::Discontinued { reason: None }];
        let changes: Vec<_> = history("P.1", events).into_iter().map(Change::Product).collect();
        let tables = Tables::after(&MODEL, &changes);
        let row = tables.at(&PRODUCTS, [bucket_of("P.1").into(), "P.1".into()]).unwrap();
        assert_eq!((&row["title"], &row["price"]), (&"Persuasion".into(), &price.amount.into()));
        assert_eq!((&row["discontinued"], &row["version"]), (&true.into(), &3_i64.into()));
        assert_eq!(tables.rows(&PRODUCTS).len(), 1);
    }

    #[test]
    fn buckets_stay_what_they_are_and_are_all_used() {
        assert_eq!(bucket_of("a"), 0xe40c_292c % BUCKETS, "the published FNV-1a of `a`");
        let used: BTreeSet<_> = (0..200).map(|n| bucket_of(&format!("SKU-{n}"))).collect();
        assert_eq!(used.len(), BUCKETS as usize);
    }
}
