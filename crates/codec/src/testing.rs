//! For tests of this crate and others: arbitrary events and envelopes, and one fixed sample of every event type.
//!
//! Arbitrary events have the right form, not a sensible content: sums need not add up. Never part of the running program.
#![expect(clippy::unwrap_used, reason = "only tests come here")]

use std::sync::Arc;

use chimera_domain::ids::{CustomerId, OrderId, ProductId};
use chimera_domain::money::{Amount, Currency, Money};
use chimera_domain::recorded::Meta;
use chimera_domain::time::Timestamp;
use proptest::prelude::*;

mod order;
mod payment;
mod product;
pub mod sample;
mod stock;

pub use order::order_event;
pub use payment::payment_event;
pub use product::product_event;
pub use stock::stock_event;

/// Any key of an aggregate.
pub fn key() -> impl Strategy<Value = String> {
    "[A-Za-z0-9._-]{1,64}"
}

/// Any envelope.
pub fn meta() -> impl Strategy<Value = Meta> {
    let ids = (any::<u128>(), shared_text(), shared_text(), shared_text());
    let times = (timestamp(), timestamp());
    let origin = (shared_text(), maybe(shared_text()), maybe(shared_text()));
    let numbers = (any::<i32>(), counter(), counter(), counter());
    (ids, times, origin, numbers).prop_map(|(ids, times, origin, numbers)| Meta {
        event_id: ids.0,
        occurred_at: times.0,
        recorded_at: times.1,
        producer: origin.0,
        trace_id: origin.1,
        correlation_id: ids.1,
        causation_id: ids.2,
        command_id: ids.3,
        actor: origin.2,
        schema_version: numbers.0,
        aggregate_version: numbers.1,
        sequence: numbers.2,
        writer_term: numbers.3,
    })
}

fn counter() -> impl Strategy<Value = u64> {
    0..=i64::MAX.unsigned_abs()
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,40}"
}

fn shared_text() -> impl Strategy<Value = Arc<str>> {
    text().prop_map(Arc::from)
}

fn maybe<T: std::fmt::Debug>(some: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(some)
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp)
}

fn amount() -> impl Strategy<Value = Amount> {
    any::<i64>().prop_map(Amount::from_ten_thousandths)
}

fn currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(vec!["GBP", "EUR", "JPY", "KWD", "CLF"])
        .prop_map(|code| code.parse().unwrap())
}

fn money() -> impl Strategy<Value = Money> {
    (amount(), currency()).prop_map(|(amount, currency)| Money { amount, currency })
}

fn order_id() -> impl Strategy<Value = OrderId> {
    key().prop_map(|text| OrderId::try_from(&*text).unwrap())
}

fn product_id() -> impl Strategy<Value = ProductId> {
    key().prop_map(|text| ProductId::try_from(&*text).unwrap())
}

fn customer_id() -> impl Strategy<Value = CustomerId> {
    "[A-Za-z0-9._:@-]{1,64}".prop_map(|text| CustomerId::try_from(&*text).unwrap())
}
