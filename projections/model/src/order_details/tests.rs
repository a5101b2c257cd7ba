//! What an order's page shows after a history of the order and its payments.

use chimera_domain::money::{Amount, Currency, Money};
use chimera_domain::order::{Address, Event, Head, Line, PaymentMethod, Status, Totals};
use chimera_domain::payment::Charge;

use super::*;
use crate::Row;
use crate::testing::{START, Tables, history};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn head(status: Status) -> Head {
    let customer_id = "C1".try_into().unwrap();
    Head { customer_id, placed_at: START, status, confirmed: true }
}

fn line(product: &str) -> Line {
    Line {
        product_id: product.try_into().unwrap(),
        title: "Emma".into(),
        unit_price: amount("2.505"),
        quantity: 3,
        stock_tracked: true,
    }
}

fn created() -> Event {
    let totals = Totals {
        currency: Currency::GBP,
        subtotal: amount("15.03"),
        discount: Amount::ZERO,
        tax: Amount::ZERO,
        shipping: amount("1"),
        total: amount("16.03"),
        units: 6,
    };
    let shipping_address = Address { country: "France".into(), ..Address::default() };
    let (lines, pay_by) = (vec![line("P.1"), line("P.2")], Some(START));
    Event::Created { head: head(Status::Pending), lines, totals, shipping_address, pay_by }
}

fn charge(id: &str) -> payment::Event {
    let money = Money { amount: amount("16.03"), currency: Currency::GBP };
    let (method, token) = (PaymentMethod::Card, "tok_secret".to_owned());
    payment::Event::Requested { charge: Charge { payment_id: id.into(), money, method, token } }
}

fn declined(id: &str) -> payment::Event {
    payment::Event::Declined { payment_id: id.into(), reason: "no funds".into() }
}

fn orders(events: impl IntoIterator<Item = Event>) -> Vec<Change> {
    history("O-1", events).into_iter().map(Change::Order).collect()
}

fn payments(events: impl IntoIterator<Item = payment::Event>) -> Vec<Change> {
    history("O-1", events).into_iter().map(Change::Payment).collect()
}

fn details(changes: &[Change]) -> Row {
    Tables::after(&MODEL, changes).at(&ORDER_DETAILS, ["O-1".into()]).unwrap()
}

#[test]
fn an_order_shows_its_totals_address_and_lines() {
    let history = orders([created()]);
    let row = details(&history);
    assert_eq!((&row["kind"], &row["status"]), (&"ORDER".into(), &"PENDING".into()));
    assert_eq!(
        (&row["subtotal"], &row["total"]),
        (&amount("15.03").into(), &amount("16.03").into())
    );
    let Value::Text(address) = &row["shipping_address"] else { panic!("no address") };
    assert!(address.contains(r#""country":"France""#));
    let lines = Tables::after(&MODEL, &history).rows(&ORDER_LINES);
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[1].key.0[1], &lines[1]["product_id"]), (&2_i64.into(), &"P.2".into()));
    assert_eq!(lines[1]["line_total"], amount("7.515").into());
}

#[test]
fn order_and_payment_each_write_their_own_cells_whatever_comes_first() {
    let order = orders([created(), Event::Fulfilled { head: head(Status::Fulfilled) }]);
    let payment = payments([charge("O-1-1"), declined("O-1-1")]);
    let row = details(&[&order[..], &payment[..]].concat());
    assert_eq!(row, details(&[payment, order].concat()));
    assert_eq!((&row["status"], &row["payment_state"]), (&"FULFILLED".into(), &"DECLINED".into()));
    assert_eq!(row["payment_failure"], "no funds".into());
}

#[test]
fn the_streams_share_no_cell() {
    let written = |changes: &[Change]| details(changes).cells.into_keys().collect::<Vec<_>>();
    let of_payment = written(&payments([charge("O-1-1"), declined("O-1-1")]));
    let mine = |name: &String| name.starts_with("payment_") || name.starts_with("refund_");
    assert!(of_payment.iter().all(mine), "{of_payment:?}");
    assert!(!written(&orders([created()])).iter().any(mine));
}

#[test]
fn a_new_attempt_empties_what_the_last_one_left() {
    let row = details(&payments([charge("O-1-1"), declined("O-1-1"), charge("O-1-2")]));
    assert_eq!((&row["payment_id"], &row["payment_failure"]), (&"O-1-2".into(), &Value::Null));
}

#[test]
fn the_timeline_has_every_event_once_and_says_where_it_stands() {
    let mut history = orders([created(), Event::Fulfilled { head: head(Status::Fulfilled) }]);
    history.extend(payments([charge("O-1-1")]));
    let rows = Tables::after(&MODEL, &history).rows(&ORDER_TIMELINE);
    let types: Vec<_> = rows.iter().map(|row| row["event_type"].clone()).collect();
    let expected = [
        "ecommerce.order.order.created.v1",
        "ecommerce.payment.payment.requested.v1",
        "ecommerce.order.order.fulfilled.v1",
    ];
    assert_eq!(types, expected.map(Value::from));
    assert_eq!(
        (&rows[2]["sequence"], &rows[2]["source_partition"]),
        (&2_i64.into(), &0_i64.into())
    );
    assert_eq!(rows[2]["event_id"], "00000000-0000-0000-0000-000000000002".into());
    assert_eq!(rows[2]["summary"], r#"{"status":"FULFILLED"}"#.into());
}

#[test]
fn a_payment_token_is_shown_nowhere() {
    let tables = Tables::after(&MODEL, &payments([charge("O-1-1")]));
    assert!(!format!("{tables:?}").contains("tok_secret"));
}
