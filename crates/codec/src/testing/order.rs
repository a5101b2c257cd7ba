//! Arbitrary events of an order.

use chimera_domain::order::{
    Address, CancelReason, CreditReason, Event, Head, Line, PaymentMethod, Sale, ShortLine, Status,
    Totals,
};
use proptest::prelude::*;

use super::{amount, currency, customer_id, maybe, product_id, text, timestamp};

/// Any event of an order.
pub fn order_event() -> impl Strategy<Value = Event> {
    prop_oneof![created(), about_money(), about_delivery(), about_return(), credited()]
}

fn created() -> impl Strategy<Value = Event> {
    (head(), lines(), totals(), address(), maybe(timestamp())).prop_map(
        |(head, lines, totals, shipping_address, pay_by)| Event::Created {
            head,
            lines,
            totals,
            shipping_address,
            pay_by,
        },
    )
}

fn about_money() -> impl Strategy<Value = Event> {
    prop_oneof![
        payment_requested(),
        (head(), text(), sale()).prop_map(|(head, payment_id, sale)| Event::Paid {
            head,
            payment_id,
            sale
        }),
        (head(), text(), any::<i32>(), text()).prop_map(|(head, payment_id, attempt, reason)| {
            Event::PaymentFailed { head, payment_id, attempt, reason }
        }),
        (head(), text(), amount(), currency()).prop_map(|(head, payment_id, amount, currency)| {
            Event::Refunded { head, payment_id, amount, currency }
        }),
    ]
}

fn payment_requested() -> impl Strategy<Value = Event> {
    let asked = (head(), text(), any::<i32>(), payment_method(), text());
    (asked, amount(), currency()).prop_map(|(asked, amount, currency)| {
        let (head, payment_id, attempt, method, token) = asked;
        Event::PaymentRequested { head, payment_id, attempt, method, token, amount, currency }
    })
}

fn about_delivery() -> impl Strategy<Value = Event> {
    prop_oneof![
        head().prop_map(|head| Event::Confirmed { head }),
        (head(), maybe(text()), maybe(text())).prop_map(|(head, carrier, tracking_number)| {
            Event::Shipped { head, carrier, tracking_number }
        }),
        head().prop_map(|head| Event::Fulfilled { head }),
        canceled(),
    ]
}

fn canceled() -> impl Strategy<Value = Event> {
    let reason = prop::sample::select(vec![
        CancelReason::Customer,
        CancelReason::Staff,
        CancelReason::OutOfStock,
        CancelReason::Expired,
        CancelReason::PaymentFailed,
    ]);
    let short = (product_id(), any::<(i64, i64)>())
        .prop_map(|(product_id, (asked, available))| ShortLine { product_id, asked, available });
    (head(), reason, prop::collection::vec(short, 0..3), maybe(sale())).prop_map(
        |(head, reason, short_lines, credit)| Event::Canceled { head, reason, short_lines, credit },
    )
}

fn about_return() -> impl Strategy<Value = Event> {
    prop_oneof![
        (head(), text()).prop_map(|(head, reason)| Event::ReturnRequested { head, reason }),
        (head(), text()).prop_map(|(head, reason)| Event::ReturnRejected { head, reason }),
        (head(), sale()).prop_map(|(head, credit)| Event::Returned { head, credit }),
    ]
}

fn credited() -> impl Strategy<Value = Event> {
    let reason = prop::sample::select(vec![CreditReason::Return, CreditReason::Adjustment]);
    (head(), lines(), reason, sale()).prop_map(|(head, lines, reason, credit)| Event::Credited {
        head,
        lines,
        reason,
        credit,
    })
}

fn head() -> impl Strategy<Value = Head> {
    let status = prop::sample::select(vec![
        Status::Pending,
        Status::Paid,
        Status::Shipped,
        Status::Fulfilled,
        Status::Canceled,
        Status::ReturnRequested,
        Status::Returned,
        Status::Credited,
    ]);
    (customer_id(), timestamp(), status, any::<bool>()).prop_map(
        |(customer_id, placed_at, status, confirmed)| Head {
            customer_id,
            placed_at,
            status,
            confirmed,
        },
    )
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let line = (product_id(), text(), amount(), any::<(i64, bool)>()).prop_map(
        |(product_id, title, unit_price, (quantity, stock_tracked))| Line {
            product_id,
            title,
            unit_price,
            quantity,
            stock_tracked,
        },
    );
    prop::collection::vec(line, 0..5)
}

fn totals() -> impl Strategy<Value = Totals> {
    let amounts = (amount(), amount(), amount(), amount(), amount());
    (currency(), amounts, any::<i64>()).prop_map(|(currency, amounts, units)| Totals {
        currency,
        subtotal: amounts.0,
        discount: amounts.1,
        tax: amounts.2,
        shipping: amounts.3,
        total: amounts.4,
        units,
    })
}

fn sale() -> impl Strategy<Value = Sale> {
    (currency(), any::<i64>(), amount()).prop_map(|(currency, units, amount)| Sale {
        currency,
        units,
        amount,
    })
}

fn address() -> impl Strategy<Value = Address> {
    (text(), text(), text(), text(), text(), text()).prop_map(|parts| Address {
        recipient: parts.0,
        street: parts.1,
        city: parts.2,
        region: parts.3,
        postal_code: parts.4,
        country: parts.5,
    })
}

pub(super) fn payment_method() -> impl Strategy<Value = PaymentMethod> {
    prop::sample::select(vec![
        PaymentMethod::Card,
        PaymentMethod::Upi,
        PaymentMethod::NetBanking,
        PaymentMethod::Wallet,
        PaymentMethod::Cod,
    ])
}
