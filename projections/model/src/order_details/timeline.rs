//! The rows of `order_timeline`: what happened to an order, when, and where in the log it stands.
//!
//! A summary is short and holds no address, no payment token and no line.

use chimera_domain::money::{Amount, Currency};
use chimera_domain::order::{self, CancelReason, CreditReason, PaymentMethod, Status};
use chimera_domain::payment::{self, Charge};
use serde::{Deserialize, Serialize};

use super::ORDER_TIMELINE;
use crate::{Change, Mutation, Value};

/// What a line of the timeline says beside its type and time; what an event does not know is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Summary {
    /// Where the order stands after it; none for an event of the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Which payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    /// How it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<PaymentMethod>,
    /// How much, exact, as text with its currency: `12.50 GBP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Why: a word of the shop or gateway, or the customer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
}

pub(super) fn row(change: &Change, summary: &Summary) -> Mutation {
    let meta = change.meta();
    let key = [
        change.key().as_ref().into(),
        meta.occurred_at.into(),
        change.stream().into(),
        meta.aggregate_version.into(),
    ];
    let cells = vec![
        ("event_type", change.event_type().into()),
        ("recorded_at", meta.recorded_at.into()),
        ("source_partition", change.partition().into()),
        ("sequence", meta.sequence.into()),
        ("event_id", Value::Text(uuid(meta.event_id))),
        ("actor", meta.actor.as_deref().into()),
        ("summary", Value::json(summary)),
    ];
    Mutation::upsert(&ORDER_TIMELINE, key, meta.aggregate_version, cells)
}

/// The usual text of a UUID.
fn uuid(id: u128) -> String {
    let hex = format!("{id:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

impl Summary {
    pub(super) fn of_order(event: &order::Event) -> Self {
        let summary = Self { status: Some(event.head().status), ..Self::default() };
        match event {
            order::Event::Created { totals, .. } => summary.of(totals.total, totals.currency),
            order::Event::Confirmed { .. } | order::Event::Fulfilled { .. } => summary,
            order::Event::PaymentRequested { payment_id, method, amount, currency, .. } => {
                Self { method: Some(*method), ..summary.about(payment_id).of(*amount, *currency) }
            }
            order::Event::Paid { payment_id, .. } => summary.about(payment_id),
            order::Event::PaymentFailed { payment_id, reason, .. } => {
                summary.about(payment_id).because(reason)
            }
            order::Event::Shipped { carrier, tracking_number, .. } => {
                let (carrier, tracking_number) = (carrier.clone(), tracking_number.clone());
                Self { carrier, tracking_number, ..summary }
            }
            order::Event::Canceled { reason, .. } => summary.because(canceled(*reason)),
            order::Event::ReturnRequested { reason, .. }
            | order::Event::ReturnRejected { reason, .. } => summary.because(reason),
            order::Event::Returned { credit, .. } => summary.of(credit.amount, credit.currency),
            order::Event::Refunded { payment_id, amount, currency, .. } => {
                summary.about(payment_id).of(*amount, *currency)
            }
            order::Event::Credited { reason, credit, .. } => {
                summary.because(credited(*reason)).of(credit.amount, credit.currency)
            }
        }
    }

    pub(super) fn of_payment(event: &payment::Event) -> Self {
        match event {
            payment::Event::Requested { charge } => {
                let Charge { payment_id, money, method, .. } = charge;
                let summary = Self::default().about(payment_id);
                Self { method: Some(*method), ..summary.of(money.amount, money.currency) }
            }
            payment::Event::Captured { payment_id, money, .. }
            | payment::Event::RefundRequested { payment_id, money }
            | payment::Event::Refunded { payment_id, money, .. } => {
                Self::default().about(payment_id).of(money.amount, money.currency)
            }
            payment::Event::Declined { payment_id, reason }
            | payment::Event::RefundFailed { payment_id, reason } => {
                Self::default().about(payment_id).because(reason)
            }
        }
    }

    fn about(mut self, payment_id: &str) -> Self {
        self.payment_id = Some(payment_id.to_owned());
        self
    }

    fn of(mut self, amount: Amount, currency: Currency) -> Self {
        self.amount = Some(format!("{amount} {currency}"));
        self
    }

    fn because(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }
}

fn canceled(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::Customer => "CUSTOMER",
        CancelReason::Staff => "STAFF",
        CancelReason::OutOfStock => "OUT_OF_STOCK",
        CancelReason::Expired => "EXPIRED",
        CancelReason::PaymentFailed => "PAYMENT_FAILED",
    }
}

fn credited(reason: CreditReason) -> &'static str {
    match reason {
        CreditReason::Return => "RETURN",
        CreditReason::Adjustment => "ADJUSTMENT",
    }
}
