//! The cells of `order_details` that the order's own events write; never one that is called `payment_…` or `refund_…`.

use chimera_domain::money::Amount;
use chimera_domain::order::{Event, Head, Sale, Totals};
use chimera_domain::recorded::Recorded;

use crate::Value;

type Cells = Vec<(&'static str, Value)>;

pub(super) fn cells(recorded: &Recorded<Event>) -> Cells {
    let now = recorded.meta.occurred_at.into();
    let mut cells = standing(recorded);
    match &recorded.event {
        Event::Created { .. } | Event::Credited { .. } => cells.extend(placed(&recorded.event)),
        Event::Confirmed { .. } => {}
        Event::PaymentRequested { attempt, .. } | Event::PaymentFailed { attempt, .. } => {
            cells.push(("attempts", i64::from(*attempt).into()));
        }
        Event::Paid { payment_id, .. } => {
            cells.extend([("paid_by", payment_id.into()), ("paid_at", now)]);
        }
        Event::Shipped { carrier, tracking_number, .. } => cells.extend([
            ("carrier", carrier.as_ref().into()),
            ("tracking_number", tracking_number.as_ref().into()),
            ("shipped_at", now),
        ]),
        Event::Fulfilled { .. } => cells.push(("fulfilled_at", now)),
        Event::Canceled { reason, short_lines, .. } => cells.extend([
            ("cancel_reason", Value::name(reason)),
            ("short_lines", Value::json(short_lines)),
            ("canceled_at", now),
        ]),
        Event::ReturnRequested { reason, .. } => {
            cells.extend([("return_reason", reason.into()), ("return_rejection", Value::Null)]);
        }
        Event::ReturnRejected { reason, .. } => cells.push(("return_rejection", reason.into())),
        Event::Returned { .. } => cells.push(("returned_at", now)),
        Event::Refunded { amount, .. } => {
            cells.extend([("refunded_amount", (*amount).into()), ("refunded_at", now)]);
        }
    }
    cells
}

/// What every event of an order writes.
fn standing(recorded: &Recorded<Event>) -> Cells {
    let Head { customer_id, placed_at, status, confirmed } = recorded.event.head();
    vec![
        ("customer_id", customer_id.as_key().as_ref().into()),
        ("placed_at", (*placed_at).into()),
        ("status", status.as_str().into()),
        ("confirmed", (*confirmed).into()),
        ("updated_at", recorded.meta.occurred_at.into()),
        ("version", recorded.meta.aggregate_version.into()),
    ]
}

/// What the first event of an order or credit note writes, and no later one.
fn placed(event: &Event) -> Cells {
    match event {
        Event::Created { lines, totals, shipping_address, pay_by, .. } => {
            let mut cells = sums(totals);
            cells.extend([
                ("kind", "ORDER".into()),
                ("line_count", lines.len().into()),
                ("shipping_address", Value::json(shipping_address)),
                ("pay_by", (*pay_by).into()),
                ("attempts", Value::Integer(0)),
            ]);
            cells
        }
        Event::Credited { lines, reason, credit, .. } => {
            let mut cells = sums(&totals_of(credit));
            cells.extend([
                ("kind", "CREDIT_NOTE".into()),
                ("line_count", lines.len().into()),
                ("credit_reason", Value::name(reason)),
            ]);
            cells
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
        | Event::Refunded { .. } => vec![],
    }
}

fn sums(totals: &Totals) -> Cells {
    vec![
        ("currency", totals.currency.as_str().into()),
        ("subtotal", totals.subtotal.into()),
        ("discount", totals.discount.into()),
        ("tax", totals.tax.into()),
        ("shipping", totals.shipping.into()),
        ("total", totals.total.into()),
        ("units", totals.units.into()),
    ]
}

/// A credit note has no charges of its own.
fn totals_of(credit: &Sale) -> Totals {
    Totals {
        currency: credit.currency,
        subtotal: credit.amount,
        discount: Amount::ZERO,
        tax: Amount::ZERO,
        shipping: Amount::ZERO,
        total: credit.amount.rounded_to_minor(credit.currency),
        units: credit.units,
    }
}
