//! Read model `daily_revenue`: what was sold and what went back, by currency and UTC day of the business.
//!
//! Totals over many orders, so each row adds up the events of one partition of the stream and a reader sums a day's rows.
//! `credits` is a signed sum, negative where money goes back; `net` is `sales + credits`. Amounts are unrounded.

use chimera_domain::money::Amount;
use chimera_domain::order::{Event, Sale};

use crate::{Change, Column, Kind, Projection, ReadModel, Row, RowKey, TableSpec, Value};

/// The read model.
pub static MODEL: ReadModel = ReadModel {
    name: "daily_revenue",
    event_types: &[
        "ecommerce.order.order.paid.v1",
        "ecommerce.order.order.canceled.v1",
        "ecommerce.order.order.returned.v1",
        "ecommerce.order.order.credited.v1",
    ],
    tables: &[&DAILY_REVENUE],
    spaces: &[],
    indices: &[],
    projection: Projection::Fold { table: &DAILY_REVENUE, key, fold },
};

/// One row a day, currency and partition of the order stream.
pub static DAILY_REVENUE: TableSpec = TableSpec {
    name: "daily_revenue",
    partition_key: &[Column::new("currency", Kind::Text)],
    clustering: &[Column::new("date", Kind::Text), Column::new("source_partition", Kind::Integer)],
    columns: &[
        Column::new("orders", Kind::Integer),
        Column::new("units", Kind::Integer),
        Column::new("sales", Kind::Decimal),
        Column::new("credits", Kind::Decimal),
        Column::new("net", Kind::Decimal),
    ],
};

/// What one event adds.
struct Entry {
    sale: Sale,
    sold: bool,
}

fn entry(change: &Change) -> Option<Entry> {
    let Change::Order(recorded) = change else {
        return None;
    };
    match &recorded.event {
        Event::Paid { sale, .. } => Some(Entry { sale: *sale, sold: true }),
        Event::Canceled { credit: Some(sale), .. } | Event::Returned { credit: sale, .. } => {
            Some(Entry { sale: reversed(*sale), sold: false })
        }
        Event::Credited { credit, .. } => Some(Entry { sale: *credit, sold: false }),
        Event::Canceled { credit: None, .. }
        | Event::Created { .. }
        | Event::Confirmed { .. }
        | Event::PaymentRequested { .. }
        | Event::PaymentFailed { .. }
        | Event::Shipped { .. }
        | Event::Fulfilled { .. }
        | Event::ReturnRequested { .. }
        | Event::ReturnRejected { .. }
        | Event::Refunded { .. } => None,
    }
}

fn reversed(sale: Sale) -> Sale {
    let amount = Amount::from_ten_thousandths(sale.amount.ten_thousandths().saturating_neg());
    Sale { currency: sale.currency, units: sale.units.saturating_neg(), amount }
}

fn key(change: &Change) -> Option<RowKey> {
    let sale = entry(change)?.sale;
    let date = Value::Text(change.meta().occurred_at.date());
    Some(RowKey(vec![sale.currency.as_str().into(), date, change.partition().into()]))
}

fn fold(before: Option<&Row>, change: &Change) -> Option<Row> {
    let Entry { sale, sold } = entry(change)?;
    let zero = Amount::ZERO;
    let (sales, credits) = if sold { (sale.amount, zero) } else { (zero, sale.amount) };
    let orders = integer(before, "orders").saturating_add(i64::from(sold));
    let units = integer(before, "units").saturating_add(sale.units);
    let sales = sum(decimal(before, "sales"), sales);
    let credits = sum(decimal(before, "credits"), credits);
    let cells = [
        ("orders", orders.into()),
        ("units", units.into()),
        ("sales", sales.into()),
        ("credits", credits.into()),
        ("net", sum(sales, credits).into()),
    ];
    let cells = cells.map(|(name, value): (&str, Value)| (name.to_owned(), value)).into();
    let key = before.map_or_else(|| key(change), |row| Some(row.key.clone()))?;
    Some(Row { key, cells, version: change.meta().sequence })
}

/// Stops at the ends of the range, 922 trillion: a fold has nobody to tell.
fn sum(a: Amount, b: Amount) -> Amount {
    Amount::from_ten_thousandths(a.ten_thousandths().saturating_add(b.ten_thousandths()))
}

fn integer(row: Option<&Row>, column: &str) -> i64 {
    match row.and_then(|row| row.cells.get(column)) {
        Some(Value::Integer(value)) => *value,
        Some(_) | None => 0,
    }
}

fn decimal(row: Option<&Row>, column: &str) -> Amount {
    match row.and_then(|row| row.cells.get(column)) {
        Some(Value::Decimal(value)) => *value,
        Some(_) | None => Amount::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use chimera_domain::ids::CustomerId;
    use chimera_domain::money::Currency;
    use chimera_domain::order::{CancelReason, CreditReason, Head, Status};

    use super::*;
    use crate::testing::{START, Tables, history};

    fn head() -> Head {
        let customer_id = CustomerId::try_from("C1").unwrap();
        Head { customer_id, placed_at: START, status: Status::Paid, confirmed: true }
    }

    fn sale(units: i64, amount: &str) -> Sale {
        Sale { currency: Currency::GBP, units, amount: amount.parse().unwrap() }
    }

    fn paid(units: i64, amount: &str) -> Event {
        Event::Paid { head: head(), payment_id: "O-1".into(), sale: sale(units, amount) }
    }

    fn canceled(credit: Option<Sale>) -> Event {
        let (reason, short_lines) = (CancelReason::Staff, vec![]);
        Event::Canceled { head: head(), reason, short_lines, credit }
    }

    fn credited(units: i64, amount: &str) -> Event {
        let (lines, reason) = (vec![], CreditReason::Return);
        Event::Credited { head: head(), lines, reason, credit: sale(units, amount) }
    }

    fn changes(events: impl IntoIterator<Item = Event>) -> Vec<Change> {
        history("O-1", events).into_iter().map(Change::Order).collect()
    }

    fn day(tables: &Tables, date: &str) -> Row {
        tables.at(&DAILY_REVENUE, ["GBP".into(), date.into(), 0_u32.into()]).unwrap()
    }

    fn amount(text: &str) -> Value {
        text.parse::<Amount>().unwrap().into()
    }

    #[test]
    fn what_is_paid_is_sold_and_what_goes_back_is_a_negative_credit() {
        let history = changes([
            paid(3, "10.001"),
            paid(2, "5"),
            canceled(Some(sale(2, "5"))),
            Event::Returned { head: head(), credit: sale(1, "3") },
            credited(-1, "-0.5"),
            canceled(None),
        ]);
        let row = day(&Tables::after(&MODEL, &history), "2023-11-14");
        assert_eq!((&row["orders"], &row["units"]), (&2_i64.into(), &1_i64.into()));
        assert_eq!((&row["sales"], &row["credits"]), (&amount("15.001"), &amount("-8.5")));
        assert_eq!(row["net"], amount("6.501"));
        assert_eq!(row.version, 5, "the last event that added anything");
    }

    #[test]
    fn the_day_is_that_of_the_business_in_utc() {
        let mut history = changes([paid(1, "1"), paid(1, "2")]);
        if let Change::Order(recorded) = &mut history[1] {
            recorded.meta.occurred_at = START.plus(2 * 60 * 60 * 1_000_000);
        }
        let tables = Tables::after(&MODEL, &history);
        assert_eq!(day(&tables, "2023-11-14")["sales"], amount("1"));
        assert_eq!(day(&tables, "2023-11-15")["sales"], amount("2"));
    }

    #[test]
    fn reading_again_adds_nothing() {
        let history = changes([paid(3, "10"), paid(2, "5")]);
        let twice = [&history[..], &history[..]].concat();
        assert_eq!(Tables::after(&MODEL, &history), Tables::after(&MODEL, &twice));
    }
}
