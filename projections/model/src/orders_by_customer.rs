//! Read model `orders_by_customer`: the orders and credit notes of a customer, newest first.
//!
//! Every event of an order carries who placed it and when, so each writes its row without looking for it. A row is there
//! from the placing on; later events touch the few cells that change. Holds nothing that only the order's own page shows.

use chimera_domain::aggregate::DomainEvent;
use chimera_domain::money::{Amount, Currency};
use chimera_domain::order::{self, Event, Head};
use chimera_domain::recorded::Recorded;

use crate::{Change, Column, Kind, Mutation, Projection, ReadModel, TableSpec, Value};

/// The read model.
pub static MODEL: ReadModel = ReadModel {
    name: "orders_by_customer",
    event_types: order::Event::TYPES,
    tables: &[&ORDERS_BY_CUSTOMER],
    spaces: &[],
    indices: &[],
    projection: Projection::Project(project),
};

/// One row an order or credit note.
pub static ORDERS_BY_CUSTOMER: TableSpec = TableSpec {
    name: "orders_by_customer",
    partition_key: &[Column::new("customer_id", Kind::Text)],
    clustering: &[
        Column::descending("placed_at", Kind::Timestamp),
        Column::new("order_id", Kind::Text),
    ],
    columns: &[
        Column::new("kind", Kind::Text),
        Column::new("status", Kind::Text),
        Column::new("confirmed", Kind::Boolean),
        Column::new("total", Kind::Decimal),
        Column::new("currency", Kind::Text),
        Column::new("units", Kind::Integer),
        Column::new("line_count", Kind::Integer),
        Column::new("updated_at", Kind::Timestamp),
        Column::new("version", Kind::Integer),
    ],
};

fn project(change: &Change) -> Vec<Mutation> {
    match change {
        Change::Order(recorded) => vec![row(recorded)],
        Change::Product(_) | Change::Stock(_) | Change::Payment(_) => vec![],
    }
}

fn row(recorded: &Recorded<Event>) -> Mutation {
    let head = recorded.event.head();
    let mut cells = standing(head, recorded);
    match &recorded.event {
        Event::Created { totals, lines, .. } => {
            cells.extend(content("ORDER", totals.total, totals.currency));
            cells.extend([("units", totals.units.into()), ("line_count", lines.len().into())]);
        }
        Event::Credited { credit, lines, .. } => {
            let total = credit.amount.rounded_to_minor(credit.currency);
            cells.extend(content("CREDIT_NOTE", total, credit.currency));
            cells.extend([("units", credit.units.into()), ("line_count", lines.len().into())]);
        }
        Event::Confirmed { .. }
        | Event::PaymentRequested { .. }
        | Event::Paid { .. }
        | Event::PaymentFailed { .. }
        | Event::Shipped { .. }
        | Event::Fulfilled { .. }
        | Event::Canceled { .. }
        | Event::ReturnRequested { .. }
        | Event::ReturnRejected { .. }
        | Event::Returned { .. }
        | Event::Refunded { .. } => {}
    }
    let key = [
        head.customer_id.as_key().as_ref().into(),
        head.placed_at.into(),
        recorded.key.as_ref().into(),
    ];
    Mutation::upsert(&ORDERS_BY_CUSTOMER, key, recorded.meta.aggregate_version, cells)
}

fn standing(head: &Head, recorded: &Recorded<Event>) -> Vec<(&'static str, Value)> {
    vec![
        ("status", head.status.as_str().into()),
        ("confirmed", head.confirmed.into()),
        ("updated_at", recorded.meta.occurred_at.into()),
        ("version", recorded.meta.aggregate_version.into()),
    ]
}

fn content(kind: &str, total: Amount, currency: Currency) -> [(&'static str, Value); 3] {
    [("kind", kind.into()), ("total", total.into()), ("currency", currency.as_str().into())]
}

#[cfg(test)]
mod tests {
    use chimera_domain::ids::CustomerId;
    use chimera_domain::order::{Address, CreditReason, Line, Sale, Status, Totals};

    use super::*;
    use crate::Row;
    use crate::testing::{START, Tables, history};

    fn head(status: Status) -> Head {
        let customer_id = CustomerId::try_from("C1").unwrap();
        Head { customer_id, placed_at: START, status, confirmed: status == Status::Paid }
    }

    fn line(quantity: i64) -> Line {
        Line {
            product_id: "P.1".try_into().unwrap(),
            title: "Emma".into(),
            unit_price: "2.505".parse().unwrap(),
            quantity,
            stock_tracked: true,
        }
    }

    fn created() -> Event {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        let totals = Totals {
            currency: Currency::GBP,
            subtotal: amount("7.515"),
            discount: Amount::ZERO,
            tax: Amount::ZERO,
            shipping: Amount::ZERO,
            total: amount("7.52"),
            units: 3,
        };
        let (head, lines, pay_by) = (head(Status::Pending), vec![line(3)], None);
        Event::Created { head, lines, totals, shipping_address: Address::default(), pay_by }
    }

    fn row(events: impl IntoIterator<Item = Event>) -> Row {
        let changes: Vec<_> = history("O-1", events).into_iter().map(Change::Order).collect();
        let key = ["C1".into(), START.into(), "O-1".into()];
        Tables::after(&MODEL, &changes).at(&ORDERS_BY_CUSTOMER, key).unwrap()
    }

    #[test]
    fn a_later_event_moves_the_status_and_keeps_the_rest() {
        let sale = Sale { currency: Currency::GBP, units: 3, amount: Amount::ZERO };
        let paid = Event::Paid { head: head(Status::Paid), payment_id: "O-1-1".into(), sale };
        let row = row([created(), paid]);
        assert_eq!((&row["kind"], &row["status"]), (&"ORDER".into(), &"PAID".into()));
        assert_eq!(row["total"], "7.52".parse::<Amount>().unwrap().into());
        assert_eq!((&row["units"], &row["line_count"]), (&3_i64.into(), &1_i64.into()));
        assert_eq!((&row["confirmed"], &row["version"]), (&true.into(), &2_i64.into()));
    }

    #[test]
    fn a_credit_note_is_listed_with_what_is_charged() {
        let (head, reason) = (head(Status::Credited), CreditReason::Return);
        let credit = Sale { currency: Currency::GBP, units: -1, amount: "-2.505".parse().unwrap() };
        let row = row([Event::Credited { head, lines: vec![line(-1)], reason, credit }]);
        assert_eq!((&row["kind"], &row["status"]), (&"CREDIT_NOTE".into(), &"CREDITED".into()));
        assert_eq!(row["total"], "-2.50".parse::<Amount>().unwrap().into());
    }
}
