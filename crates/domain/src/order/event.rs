//! What can happen to an order, or be noted as a credit. Storage format: these names are in the log for ever.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::lines::{Line, Totals};
use crate::aggregate::DomainEvent;
use crate::ids::{CustomerId, ProductId};
use crate::money::{Amount, Currency};
use crate::time::Timestamp;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Placed; stock may be held already, nothing is paid.
    Pending,
    /// Paid, ready to ship.
    Paid,
    /// On its way.
    Shipped,
    /// Delivered.
    Fulfilled,
    /// Given up before it was shipped.
    Canceled,
    /// The customer wants to send it back.
    ReturnRequested,
    /// Sent back.
    Returned,
    /// No order but a credit note.
    Credited,
}

impl Status {
    /// The name as it stands in the log and in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Paid => "PAID",
            Self::Shipped => "SHIPPED",
            Self::Fulfilled => "FULFILLED",
            Self::Canceled => "CANCELED",
            Self::ReturnRequested => "RETURN_REQUESTED",
            Self::Returned => "RETURNED",
            Self::Credited => "CREDITED",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentMethod {
    /// Credit or debit card, by token.
    Card,
    /// Unified Payments Interface.
    Upi,
    /// Bank transfer through the bank's site.
    NetBanking,
    /// A wallet.
    Wallet,
    /// Cash on delivery.
    Cod,
}

/// Why an order was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancelReason {
    /// The customer changed their mind.
    Customer,
    /// Staff decided so.
    Staff,
    /// Not all of it could be had.
    OutOfStock,
    /// Not paid in time.
    Expired,
    /// Too many payments failed.
    PaymentFailed,
}

/// Why a credit was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CreditReason {
    /// Goods came back; their stock does too.
    Return,
    /// The books were put right.
    Adjustment,
}

/// What every reader of a later event needs to find and fill the order's rows without its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// Who placed it.
    pub customer_id: CustomerId,
    /// When, for the business.
    pub placed_at: Timestamp,
    /// Where it stands after this event.
    pub status: Status,
    /// Whether all its stock is held.
    pub confirmed: bool,
}

/// What was sold, or is credited: for totals over many orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sale {
    /// Of the amount.
    pub currency: Currency,
    /// Units of all lines.
    pub units: i64,
    /// Sum of the lines, unrounded.
    pub amount: Amount,
}

/// A product of which too little could be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShortLine {
    /// Which.
    pub product_id: ProductId,
    /// How many were wanted.
    pub asked: i64,
    /// How many could be had.
    pub available: i64,
}

/// Storage format: these names are in the log for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum Event {
    /// Placed.
    Created {
        /// Who, when, where it stands.
        head: Head,
        /// What was ordered.
        lines: Vec<Line>,
        /// What it comes to.
        totals: Totals,
        /// Where it goes.
        shipping_address: Address,
        /// Until when it must be paid, by the clock of the shop; none where it does not expire.
        pay_by: Option<Timestamp>,
    },
    /// All stock is held.
    Confirmed {
        /// Where it stands.
        head: Head,
    },
    /// The customer wants to pay.
    PaymentRequested {
        /// Where it stands.
        head: Head,
        /// Names this attempt; the gateway's idempotency key.
        payment_id: String,
        /// 1 to 5.
        attempt: i32,
        /// How.
        method: PaymentMethod,
        /// Stands for the means of payment; never a card number.
        token: String,
        /// How much.
        amount: Amount,
        /// Of what.
        currency: Currency,
    },
    /// Paid.
    Paid {
        /// Where it stands.
        head: Head,
        /// Which attempt.
        payment_id: String,
        /// What counts as sold from now on.
        sale: Sale,
    },
    /// One attempt to pay was declined.
    PaymentFailed {
        /// Where it stands.
        head: Head,
        /// Which attempt.
        payment_id: String,
        /// 1 to 5.
        attempt: i32,
        /// The gateway's word for why.
        reason: String,
    },
    /// It has left the building.
    Shipped {
        /// Where it stands.
        head: Head,
        /// Who carries it.
        carrier: Option<String>,
        /// The carrier's number.
        tracking_number: Option<String>,
    },
    /// It has arrived.
    Fulfilled {
        /// Where it stands.
        head: Head,
    },
    /// It was given up.
    Canceled {
        /// Where it stands.
        head: Head,
        /// Why.
        reason: CancelReason,
        /// What could not be had, where that was the reason.
        short_lines: Vec<ShortLine>,
        /// What had counted as sold, where it was paid.
        credit: Option<Sale>,
    },
    /// The customer wants to send it back.
    ReturnRequested {
        /// Where it stands.
        head: Head,
        /// In the customer's words.
        reason: String,
    },
    /// The shop does not take it back.
    ReturnRejected {
        /// Where it stands.
        head: Head,
        /// In the shop's words.
        reason: String,
    },
    /// It has come back.
    Returned {
        /// Where it stands.
        head: Head,
        /// What had counted as sold.
        credit: Sale,
    },
    /// The money has gone back.
    Refunded {
        /// Where it stands.
        head: Head,
        /// Which payment.
        payment_id: String,
        /// How much.
        amount: Amount,
        /// Of what.
        currency: Currency,
    },
    /// A credit note: no order, but an aggregate of this stream with a number of its own.
    Credited {
        /// To whom, when; the status is CREDITED.
        head: Head,
        /// What is credited; quantities as on the paper, negative where goods come back.
        lines: Vec<Line>,
        /// Why.
        reason: CreditReason,
        /// The signed total: negative where the shop owes the customer.
        credit: Sale,
    },
}

impl Event {
    /// What every event of the stream carries.
    #[must_use]
    pub fn head(&self) -> &Head {
        match self {
            Self::Created { head, .. }
            | Self::Confirmed { head }
            | Self::PaymentRequested { head, .. }
            | Self::Paid { head, .. }
            | Self::PaymentFailed { head, .. }
            | Self::Shipped { head, .. }
            | Self::Fulfilled { head }
            | Self::Canceled { head, .. }
            | Self::ReturnRequested { head, .. }
            | Self::ReturnRejected { head, .. }
            | Self::Returned { head, .. }
            | Self::Refunded { head, .. }
            | Self::Credited { head, .. } => head,
        }
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [&'static str] = &[
        "ecommerce.order.order.created.v1",
        "ecommerce.order.order.confirmed.v1",
        "ecommerce.order.order.payment_requested.v1",
        "ecommerce.order.order.paid.v1",
        "ecommerce.order.order.payment_failed.v1",
        "ecommerce.order.order.shipped.v1",
        "ecommerce.order.order.fulfilled.v1",
        "ecommerce.order.order.canceled.v1",
        "ecommerce.order.order.return_requested.v1",
        "ecommerce.order.order.return_rejected.v1",
        "ecommerce.order.order.returned.v1",
        "ecommerce.order.order.refunded.v1",
        "ecommerce.order.order.credited.v1",
    ];

    fn event_type(&self) -> &'static str {
        match self {
            Self::Created { .. } => Self::TYPES[0],
            Self::Confirmed { .. } => Self::TYPES[1],
            Self::PaymentRequested { .. } => Self::TYPES[2],
            Self::Paid { .. } => Self::TYPES[3],
            Self::PaymentFailed { .. } => Self::TYPES[4],
            Self::Shipped { .. } => Self::TYPES[5],
            Self::Fulfilled { .. } => Self::TYPES[6],
            Self::Canceled { .. } => Self::TYPES[7],
            Self::ReturnRequested { .. } => Self::TYPES[8],
            Self::ReturnRejected { .. } => Self::TYPES[9],
            Self::Returned { .. } => Self::TYPES[10],
            Self::Refunded { .. } => Self::TYPES[11],
            Self::Credited { .. } => Self::TYPES[12],
        }
    }
}
