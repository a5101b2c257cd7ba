//! Read model `product_price_history`: every price that a product had, with the interval in which it was valid.
//!
//! `valid_to` is absent while a price holds; the change that ends it fills it in. A price replaced at the very moment it
//! began was never valid: its row takes the new price.

use chimera_domain::money::Money;
use chimera_domain::product::Event;
use chimera_domain::recorded::Recorded;
use chimera_domain::time::Timestamp;

use crate::{Change, Column, Kind, Mutation, Projection, ReadModel, TableSpec, Value};

/// The read model.
pub static MODEL: ReadModel = ReadModel {
    name: "product_price_history",
    event_types: &[
        "ecommerce.product.product.created.v1",
        "ecommerce.product.product.price_changed.v1",
    ],
    tables: &[&PRODUCT_PRICE_HISTORY],
    spaces: &[],
    indices: &[],
    projection: Projection::Project(project),
};

/// One row a price, newest first.
pub static PRODUCT_PRICE_HISTORY: TableSpec = TableSpec {
    name: "product_price_history",
    partition_key: &[Column::new("product_id", Kind::Text)],
    clustering: &[Column::descending("valid_from", Kind::Timestamp)],
    columns: &[
        Column::new("price", Kind::Decimal),
        Column::new("currency", Kind::Text),
        Column::new("valid_to", Kind::Timestamp),
        Column::new("reason", Kind::Text),
        Column::new("version", Kind::Integer),
    ],
};

fn project(change: &Change) -> Vec<Mutation> {
    let Change::Product(recorded) = change else {
        return vec![];
    };
    match &recorded.event {
        Event::Created { price, price_valid_from, .. } => {
            vec![opened(recorded, *price_valid_from, *price, None)]
        }
        Event::PriceChanged { old_valid_from, new_price, valid_from, reason, .. } => {
            let opened = opened(recorded, *valid_from, *new_price, reason.as_ref());
            if old_valid_from == valid_from {
                return vec![opened];
            }
            vec![row(recorded, *old_valid_from, vec![("valid_to", (*valid_from).into())]), opened]
        }
        Event::Updated { .. } | Event::Discontinued { .. } | Event::Relisted {} => vec![],
    }
}

fn opened(
    recorded: &Recorded<Event>,
    valid_from: Timestamp,
    price: Money,
    reason: Option<&String>,
) -> Mutation {
    let cells = vec![
        ("price", price.amount.into()),
        ("currency", price.currency.as_str().into()),
        ("reason", reason.into()),
        ("version", recorded.meta.aggregate_version.into()),
    ];
    row(recorded, valid_from, cells)
}

fn row(
    recorded: &Recorded<Event>,
    valid_from: Timestamp,
    cells: Vec<(&'static str, Value)>,
) -> Mutation {
    let key = [recorded.key.as_ref().into(), valid_from.into()];
    Mutation::upsert(&PRODUCT_PRICE_HISTORY, key, recorded.meta.aggregate_version, cells)
}

#[cfg(test)]
mod tests {
    use chimera_domain::money::Currency;
    use chimera_domain::product::Details;

    use super::*;
    use crate::testing::{Tables, history};

    fn price(text: &str) -> Money {
        Money { amount: text.parse().unwrap(), currency: Currency::GBP }
    }

    fn created(at: i64) -> Event {
        let details = Box::new(Details::titled("Emma").unwrap());
        let price_valid_from = Timestamp(at);
        Event::Created { details, price: price("1"), price_valid_from, stock_tracked: true }
    }

    fn changed(from: i64, to: i64, new: &str) -> Event {
        Event::PriceChanged {
            old_price: price("1"),
            old_valid_from: Timestamp(from),
            new_price: price(new),
            valid_from: Timestamp(to),
            reason: Some("sale".into()),
        }
    }

    fn given(events: impl IntoIterator<Item = Event>) -> Tables {
        let changes: Vec<_> = history("P.1", events).into_iter().map(Change::Product).collect();
        Tables::after(&MODEL, &changes)
    }

    #[test]
    fn a_new_price_closes_the_interval_of_the_old_one() {
        let tables = given([created(10), changed(10, 20, "2")]);
        let row =
            |at| tables.at(&PRODUCT_PRICE_HISTORY, ["P.1".into(), Timestamp(at).into()]).unwrap();
        assert_eq!(row(10)["price"], price("1").amount.into());
        assert_eq!(row(10)["valid_to"], Timestamp(20).into());
        assert_eq!(row(20)["price"], price("2").amount.into());
        assert_eq!(row(20)["valid_to"], Value::Null);
        assert_eq!(row(20)["reason"], "sale".into());
    }

    #[test]
    fn a_price_replaced_as_it_began_was_never_valid() {
        let tables = given([created(10), changed(10, 10, "2"), changed(10, 30, "3")]);
        let rows = tables.rows(&PRODUCT_PRICE_HISTORY);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["price"], price("2").amount.into());
        assert_eq!(rows[0]["valid_to"], Timestamp(30).into());
    }
}
