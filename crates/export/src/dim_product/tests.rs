use chimera_domain::money::{Currency, Money};
use chimera_domain::product::Details;
use chimera_model::testing::history;

use super::*;

fn price(text: &str) -> Money {
    Money { amount: text.parse().unwrap(), currency: Currency::GBP }
}

fn created(at: i64) -> Event {
    let details = Box::new(Details::titled("Emma").unwrap());
    let price_valid_from = Timestamp(at);
    Event::Created { details, price: price("1"), price_valid_from, stock_tracked: true }
}

fn priced(at: i64, new: &str) -> Event {
    Event::PriceChanged {
        old_price: price("1"),
        old_valid_from: Timestamp(0),
        new_price: price(new),
        valid_from: Timestamp(at),
        reason: None,
    }
}

fn titled(title: &str) -> Event {
    Event::Updated { details: Box::new(Details::titled(title).unwrap()) }
}

/// From, to, title and price of each version, after events that happened at these times.
fn versions(
    events: impl IntoIterator<Item = (i64, Event)>,
) -> Vec<(i64, Option<i64>, String, String)> {
    let (times, events): (Vec<i64>, Vec<Event>) = events.into_iter().unzip();
    let mut history = history("P", events);
    for (recorded, at) in history.iter_mut().zip(times) {
        recorded.meta.occurred_at = Timestamp(at);
    }
    let mut life = ProductLife::begin(&history[0]).unwrap();
    for recorded in &history[1..] {
        life.go_on(recorded);
    }
    let shown = |row: Row| match (&row[1], &row[2], &row[4], &row[12]) {
        (Cell::Moment(from), to, Cell::Text(title), Cell::Amount(price)) => {
            let to = if let Cell::Moment(to) = to { Some(to.0) } else { None };
            (from.0, to, title.to_string(), price.to_string())
        }
        other => panic!("{other:?}"),
    };
    life.rows(&"P".into()).into_iter().map(shown).collect()
}

fn version(
    from: i64,
    to: Option<i64>,
    title: &str,
    price: &str,
) -> (i64, Option<i64>, String, String) {
    (from, to, title.into(), price.into())
}

#[test]
fn each_change_closes_the_version_before_it() {
    let changes = [(10, created(10)), (20, priced(20, "2")), (30, titled("Emma, 2nd"))];
    assert_eq!(
        versions(changes),
        [
            version(10, Some(20), "Emma", "1.00"),
            version(20, Some(30), "Emma", "2.00"),
            version(30, None, "Emma, 2nd", "2.00"),
        ]
    );
}

#[test]
fn a_version_replaced_as_it_began_was_never_valid() {
    let changes = [(10, created(10)), (10, priced(10, "2")), (10, titled("Emma, 2nd"))];
    assert_eq!(versions(changes), [version(10, None, "Emma, 2nd", "2.00")]);
}

#[test]
fn a_price_that_was_dated_back_holds_from_its_own_moment_on() {
    let changes = [(10, created(10)), (30, titled("Emma, 2nd")), (40, priced(20, "2"))];
    assert_eq!(
        versions(changes),
        [
            version(10, Some(20), "Emma", "1.00"),
            version(20, Some(30), "Emma", "2.00"),
            version(30, None, "Emma, 2nd", "2.00"),
        ]
    );
}

#[test]
fn a_change_before_the_product_was_there_holds_from_its_beginning() {
    let changes = [(10, created(10)), (5, titled("Emma, 2nd"))];
    assert_eq!(versions(changes), [version(10, None, "Emma, 2nd", "1.00")]);
}
