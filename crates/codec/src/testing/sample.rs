//! One fixed event of every type, and a fixed envelope: what the golden bytes are made of. Never changes once released;
//! a later version of a schema gets samples of its own.

use std::collections::BTreeMap;

use chimera_domain::money::{Amount, Money};
use chimera_domain::order::{self, Address, CancelReason, CreditReason, Head, Line, Sale, Status};
use chimera_domain::payment::{self, Charge};
use chimera_domain::product::{self, Details, Format};
use chimera_domain::recorded::Meta;
use chimera_domain::stock::{self, AdjustmentReason, Balance};
use chimera_domain::time::Timestamp;

const PLACED_AT: Timestamp = Timestamp(1_291_191_960_000_000);

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn gbp(text: &str) -> Money {
    Money { amount: amount(text), currency: "GBP".parse().unwrap() }
}

/// The envelope of every sample.
#[must_use]
pub fn meta() -> Meta {
    Meta {
        event_id: 0x0198_f3c2_7a10_7b3e_9c41_5d2e_8f60_a1b2,
        occurred_at: PLACED_AT,
        recorded_at: Timestamp(1_756_400_000_123_456),
        producer: "chimera/0.1.0".into(),
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        correlation_id: "0198f3c2-7a0f-7d11-8e02-33f1a0c45b6d".into(),
        causation_id: "0198f3c2-7a0f-7d11-8e02-33f1a0c45b6d".into(),
        command_id: "0198f3c2-7a0f-7d11-8e02-33f1a0c45b6d".into(),
        actor: Some("customer:17850".into()),
        schema_version: 1,
        aggregate_version: 1,
        sequence: 4711,
        writer_term: 3,
    }
}

/// Every event of a product.
///
/// # Panics
/// Never; the title is in order.
#[must_use]
pub fn product() -> Vec<product::Event> {
    use product::Event;
    vec![
        Event::Created {
            details: Box::new(details()),
            price: gbp("2.55"),
            price_valid_from: PLACED_AT,
            stock_tracked: true,
        },
        Event::Updated { details: Box::new(Details::titled("White hanging heart").unwrap()) },
        Event::PriceChanged {
            old_price: gbp("2.55"),
            old_valid_from: PLACED_AT,
            new_price: gbp("0.001"),
            valid_from: Timestamp(1_291_278_360_000_001),
            reason: Some("sale".into()),
        },
        Event::Discontinued { reason: None },
        Event::Relisted {},
    ]
}

fn details() -> Details {
    Details {
        title: "White hanging heart t-light holder".into(),
        description: "A heart to hang – with room for a light.".into(),
        authors: vec!["Ada Lovelace".into(), "Émilie du Châtelet".into()],
        publisher: Some("Analytical Press".into()),
        isbn: Some("9780306406157".into()),
        categories: vec!["decoration".into(), "lights".into()],
        format: Format::Paperback,
        language: Some("en".into()),
        attributes: BTreeMap::from([
            ("colour".into(), "white".into()),
            ("material".into(), "tin".into()),
        ]),
        image_urls: vec!["https://example.org/85123A.jpg".into()],
        seller: Some("Nova".into()),
    }
}

/// Every event of a stock.
///
/// # Panics
/// Never; the order id is in order.
#[must_use]
pub fn stock() -> Vec<stock::Event> {
    use stock::Event;
    let order_id: chimera_domain::ids::OrderId = "536365".try_into().unwrap();
    let balance = |on_hand, reserved| Balance { on_hand, reserved };
    vec![
        Event::Adjusted {
            delta: -3,
            reason: AdjustmentReason::Damaged,
            reorder_level: 10,
            reference: Some("count 2010-12".into()),
            balance: balance(97, 0),
        },
        Event::Reserved { order_id: order_id.clone(), quantity: 90, balance: balance(97, 90) },
        Event::Released { order_id: order_id.clone(), quantity: 90, balance: balance(97, 0) },
        Event::Committed { order_id, quantity: 90, balance: balance(7, 0) },
        Event::Low { available: 7, reorder_level: 10 },
    ]
}

fn head(status: Status) -> Head {
    let customer_id = "17850".try_into().unwrap();
    Head { customer_id, placed_at: PLACED_AT, status, confirmed: status != Status::Credited }
}

fn sale(amount_text: &str, units: i64) -> Sale {
    Sale { currency: "GBP".parse().unwrap(), units, amount: amount(amount_text) }
}

fn line(product: &str, price: &str, quantity: i64) -> Line {
    Line {
        product_id: product.try_into().unwrap(),
        title: "White hanging heart t-light holder".into(),
        unit_price: amount(price),
        quantity,
        stock_tracked: product != "POST",
    }
}

/// Every event of an order.
#[must_use]
pub fn order() -> Vec<order::Event> {
    let mut events = vec![order_created()];
    events.extend(order_paying());
    events.extend(order_on_its_way());
    events.extend(order_coming_back());
    events
}

fn order_created() -> order::Event {
    order::Event::Created {
        head: Head { confirmed: false, ..head(Status::Pending) },
        lines: vec![line("85123A", "2.55", 6), line("71053", "3.3933", 6), line("POST", "18", 1)],
        totals: order::Totals {
            currency: "GBP".parse().unwrap(),
            subtotal: amount("53.6598"),
            discount: amount("1"),
            tax: amount("10.53"),
            shipping: amount("4.95"),
            total: amount("68.14"),
            units: 13,
        },
        shipping_address: Address {
            recipient: "Ada Lovelace".into(),
            street: "12 St James's Square".into(),
            city: "London".into(),
            region: String::new(),
            postal_code: "SW1Y 4JH".into(),
            country: "United Kingdom".into(),
        },
        pay_by: Some(Timestamp(1_756_401_800_123_456)),
    }
}

fn order_paying() -> Vec<order::Event> {
    use order::Event;
    vec![
        Event::Confirmed { head: head(Status::Pending) },
        Event::PaymentRequested {
            head: head(Status::Pending),
            payment_id: "536365-1".into(),
            attempt: 1,
            method: order::PaymentMethod::NetBanking,
            token: "tok_approve".into(),
            amount: amount("68.14"),
            currency: "GBP".parse().unwrap(),
        },
        Event::Paid {
            head: head(Status::Paid),
            payment_id: "536365-1".into(),
            sale: sale("53.6598", 13),
        },
        Event::PaymentFailed {
            head: head(Status::Pending),
            payment_id: "536365-1".into(),
            attempt: 1,
            reason: "insufficient_funds".into(),
        },
    ]
}

fn order_on_its_way() -> Vec<order::Event> {
    use order::Event;
    vec![
        Event::Shipped {
            head: head(Status::Shipped),
            carrier: Some("Royal Mail".into()),
            tracking_number: None,
        },
        Event::Fulfilled { head: head(Status::Fulfilled) },
        Event::Canceled {
            head: head(Status::Canceled),
            reason: CancelReason::OutOfStock,
            short_lines: vec![order::ShortLine {
                product_id: "71053".try_into().unwrap(),
                asked: 6,
                available: 2,
            }],
            credit: Some(sale("53.6598", 13)),
        },
    ]
}

fn order_coming_back() -> Vec<order::Event> {
    use order::Event;
    vec![
        Event::ReturnRequested {
            head: head(Status::ReturnRequested),
            reason: "arrived broken".into(),
        },
        Event::ReturnRejected { head: head(Status::Fulfilled), reason: "not broken".into() },
        Event::Returned { head: head(Status::Returned), credit: sale("53.6598", 13) },
        Event::Refunded {
            head: head(Status::Returned),
            payment_id: "536365-1".into(),
            amount: amount("68.14"),
            currency: "GBP".parse().unwrap(),
        },
        Event::Credited {
            head: head(Status::Credited),
            lines: vec![line("85123A", "2.55", -2)],
            reason: CreditReason::Return,
            credit: sale("-5.10", -2),
        },
    ]
}

/// Every event of the payments of an order.
#[must_use]
pub fn payment() -> Vec<payment::Event> {
    use payment::Event;
    let payment_id = || "536365-1".to_owned();
    let (money, reference) = (gbp("68.14"), || "gw-000017".to_owned());
    vec![
        Event::Requested {
            charge: Charge {
                payment_id: payment_id(),
                money,
                method: order::PaymentMethod::Cod,
                token: "tok_approve".into(),
            },
        },
        Event::Captured { payment_id: payment_id(), money, reference: reference() },
        Event::Declined { payment_id: payment_id(), reason: "insufficient_funds".into() },
        Event::RefundRequested { payment_id: payment_id(), money },
        Event::Refunded { payment_id: payment_id(), money, reference: reference() },
        Event::RefundFailed { payment_id: payment_id(), reason: "account_closed".into() },
    ]
}
