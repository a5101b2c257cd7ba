//! The cells of `order_details` that the payment's events write: `payment_…` and `refund_…`, never another.
//!
//! The last attempt is the one shown; a new attempt empties what the one before left. Never writes the payment's token.

use chimera_domain::payment::{Charge, Event};
use chimera_domain::recorded::Recorded;

use crate::Value;

type Cells = Vec<(&'static str, Value)>;

pub(super) fn cells(recorded: &Recorded<Event>) -> Cells {
    let mut cells = vec![
        ("payment_state", state(&recorded.event).into()),
        ("payment_updated_at", recorded.meta.occurred_at.into()),
        ("payment_version", recorded.meta.aggregate_version.into()),
    ];
    match &recorded.event {
        Event::Requested { charge } => cells.extend(requested(charge)),
        Event::Captured { reference, .. } => cells.push(("payment_reference", reference.into())),
        Event::Declined { reason, .. } => cells.push(("payment_failure", reason.into())),
        Event::RefundRequested { .. } => cells.push(("refund_failure", Value::Null)),
        Event::Refunded { reference, .. } => cells.push(("refund_reference", reference.into())),
        Event::RefundFailed { reason, .. } => cells.push(("refund_failure", reason.into())),
    }
    cells
}

fn state(event: &Event) -> &'static str {
    match event {
        Event::Requested { .. } => "REQUESTED",
        Event::Captured { .. } => "CAPTURED",
        Event::Declined { .. } => "DECLINED",
        Event::RefundRequested { .. } => "REFUND_REQUESTED",
        Event::Refunded { .. } => "REFUNDED",
        Event::RefundFailed { .. } => "REFUND_FAILED",
    }
}

fn requested(charge: &Charge) -> [(&'static str, Value); 6] {
    [
        ("payment_id", (&charge.payment_id).into()),
        ("payment_method", Value::name(charge.method)),
        ("payment_amount", charge.money.amount.into()),
        ("payment_currency", charge.money.currency.as_str().into()),
        ("payment_reference", Value::Null),
        ("payment_failure", Value::Null),
    ]
}
