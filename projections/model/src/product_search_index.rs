//! Read model `product_search_index`: what a customer can find, and what a list of findings shows.
//!
//! A document has a part for each kind of change, so that each carries the version of the event that made it, and stock has
//! versions of its own. The store puts the parts together; nothing is read here.

use chimera_domain::money::Money;
use chimera_domain::product::{Details, Event};
use chimera_domain::recorded::Recorded;
use chimera_domain::stock;

use crate::{
    Change, Mutation, Projection, ReadModel, SearchField, SearchKind, SearchMutation, SearchPart,
    SearchSpec, Value,
};

/// The read model.
pub static MODEL: ReadModel = ReadModel {
    name: "product_search_index",
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
    spaces: &[],
    indices: &[&PRODUCTS],
    projection: Projection::Project(project),
};

/// One document a product, found once the product has been created. Names, publishers and categories are there twice: as texts,
/// to be found by their words, and as they are, to be counted and filtered by.
pub static PRODUCTS: SearchSpec = SearchSpec {
    index: "products",
    language: Some("language"),
    parts: &[
        SearchPart {
            name: "product",
            fields: &[
                field("created_at", SearchKind::Timestamp),
                field("stock_tracked", SearchKind::Boolean),
            ],
        },
        SearchPart {
            name: "details",
            fields: &[
                field("title", SearchKind::Text { weight: 10 }),
                field("authors", SearchKind::Text { weight: 8 }),
                field("description", SearchKind::Text { weight: 1 }),
                field("categories", SearchKind::Text { weight: 3 }),
                field("isbn", SearchKind::Text { weight: 10 }),
                field("author", SearchKind::Keyword),
                field("category", SearchKind::Keyword),
                field("publisher", SearchKind::Keyword),
                field("format", SearchKind::Keyword),
                field("language", SearchKind::Keyword),
                field("image_url", SearchKind::Stored),
            ],
        },
        SearchPart {
            name: "price",
            fields: &[field("price", SearchKind::Decimal), field("currency", SearchKind::Keyword)],
        },
        SearchPart { name: "listing", fields: &[field("discontinued", SearchKind::Boolean)] },
        SearchPart {
            name: "stock",
            fields: &[
                field("available", SearchKind::Integer),
                field("in_stock", SearchKind::Boolean),
            ],
        },
    ],
};

const fn field(name: &'static str, kind: SearchKind) -> SearchField {
    SearchField { name, kind }
}

type Fields = Vec<(&'static str, Vec<Value>)>;

fn project(change: &Change) -> Vec<Mutation> {
    match change {
        Change::Product(recorded) => of_product(recorded),
        Change::Stock(recorded) => of_stock(recorded),
        Change::Order(_) | Change::Payment(_) => vec![],
    }
}

fn of_product(recorded: &Recorded<Event>) -> Vec<Mutation> {
    match &recorded.event {
        Event::Created { details, price, stock_tracked, .. } => vec![
            part(recorded, "product", born(recorded, *stock_tracked)),
            part(recorded, "details", described(details)),
            part(recorded, "price", priced(*price)),
            part(recorded, "listing", listed(false)),
        ],
        Event::Updated { details } => vec![part(recorded, "details", described(details))],
        Event::PriceChanged { new_price, .. } => vec![part(recorded, "price", priced(*new_price))],
        Event::Discontinued { .. } => vec![part(recorded, "listing", listed(true))],
        Event::Relisted {} => vec![part(recorded, "listing", listed(false))],
    }
}

fn of_stock(recorded: &Recorded<stock::Event>) -> Vec<Mutation> {
    match &recorded.event {
        stock::Event::Adjusted { balance, .. }
        | stock::Event::Reserved { balance, .. }
        | stock::Event::Released { balance, .. }
        | stock::Event::Committed { balance, .. } => {
            let available = balance.available();
            let fields = vec![
                ("available", vec![available.into()]),
                ("in_stock", vec![(available > 0).into()]),
            ];
            vec![part(recorded, "stock", fields)]
        }
        stock::Event::Low { .. } => vec![],
    }
}

fn born(recorded: &Recorded<Event>, stock_tracked: bool) -> Fields {
    let created_at = recorded.meta.occurred_at.into();
    vec![("created_at", vec![created_at]), ("stock_tracked", vec![stock_tracked.into()])]
}

fn described(details: &Details) -> Fields {
    let description = Some(&details.description).filter(|text| !text.is_empty());
    vec![
        ("title", texts([&details.title])),
        ("authors", texts(&details.authors)),
        ("description", texts(description)),
        ("categories", texts(&details.categories)),
        ("isbn", texts(&details.isbn)),
        ("author", texts(&details.authors)),
        ("category", texts(&details.categories)),
        ("publisher", texts(&details.publisher)),
        ("format", vec![Value::name(details.format)]),
        ("language", texts(&details.language)),
        ("image_url", texts(details.image_urls.first())),
    ]
}

fn texts<'a>(values: impl IntoIterator<Item = &'a String>) -> Vec<Value> {
    values.into_iter().map(Value::from).collect()
}

fn priced(price: Money) -> Fields {
    vec![("price", vec![price.amount.into()]), ("currency", vec![price.currency.as_str().into()])]
}

fn listed(discontinued: bool) -> Fields {
    vec![("discontinued", vec![discontinued.into()])]
}

fn part<E>(recorded: &Recorded<E>, part: &'static str, fields: Fields) -> Mutation {
    Mutation::Search(SearchMutation {
        spec: &PRODUCTS,
        id: recorded.key.as_ref().to_owned(),
        part,
        fields: Some(fields),
        version: recorded.meta.aggregate_version,
    })
}

#[cfg(test)]
mod tests {
    use chimera_domain::money::Currency;
    use chimera_domain::stock::Balance;

    use super::*;
    use crate::testing::{START, Tables, history};

    fn money(text: &str) -> Money {
        Money { amount: text.parse().unwrap(), currency: Currency::GBP }
    }

    fn details(title: &str) -> Box<Details> {
        let authors = vec!["Jane Austen".to_owned(), "Someone Else".to_owned()];
        Box::new(Details { title: title.to_owned(), authors, ..Details::default() })
    }

    fn created() -> Event {
        Event::Created {
            details: details("Emma"),
            price: money("1"),
            price_valid_from: START,
            stock_tracked: true,
        }
    }

    fn given(events: impl IntoIterator<Item = Event>) -> Tables {
        let mut changes: Vec<_> = history("P.1", events).into_iter().map(Change::Product).collect();
        let balance = Balance { on_hand: 5, reserved: 5 };
        let (order_id, quantity) = ("O-1".try_into().unwrap(), 2);
        let reserved = stock::Event::Reserved { order_id, quantity, balance };
        changes.extend(history("P.1", [reserved]).into_iter().map(Change::Stock));
        Tables::after(&MODEL, &changes)
    }

    #[test]
    fn every_kind_of_change_replaces_its_own_part() {
        let changed = Event::PriceChanged {
            old_price: money("1"),
            old_valid_from: START,
            new_price: money("2"),
            valid_from: START.plus(5),
            reason: None,
        };
        let updated = Event::Updated { details: details("Emma, 2nd edition") };
        let gone = Event::Discontinued { reason: None };
        let parts = given([created(), updated, changed, gone]).document("products", "P.1");
        let versions: Vec<_> = parts.iter().map(|(part, (v, _))| (*part, *v)).collect();
        let expected = [("details", 2), ("listing", 4), ("price", 3), ("product", 1), ("stock", 1)];
        assert_eq!(versions, expected);
        assert_eq!(parts["details"].1["title"], ["Emma, 2nd edition".into()]);
        assert_eq!(parts["details"].1["author"].len(), 2);
        assert_eq!(parts["price"].1["price"], [money("2").amount.into()]);
        assert_eq!(parts["listing"].1["discontinued"], [true.into()]);
    }

    #[test]
    fn what_is_all_held_by_orders_is_not_in_stock() {
        let parts = given([created()]).document("products", "P.1");
        assert_eq!(parts["stock"].1["available"], [Value::Integer(0)]);
        assert_eq!(parts["stock"].1["in_stock"], [false.into()]);
    }

    #[test]
    fn stock_counted_before_there_is_a_product_makes_no_product() {
        let parts = given([]).document("products", "P.1");
        assert!(parts.contains_key("stock") && !parts.contains_key("product"));
    }
}
