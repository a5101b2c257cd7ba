//! How an order says no: each with a stable code and a text that a person can act on.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Status;
use super::lines::{MOST_LINES, MOST_UNITS};
use crate::aggregate::{Refusal, RefusalKind};
use crate::ids::ProductId;
use crate::money::Currency;

/// Why an order refuses a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Rejection {
    /// There is none of this id.
    #[error("there is no order of this id")]
    NotFound,
    /// The id is taken by an order or credit note with other content.
    #[error("this order id is taken by another order")]
    AlreadyExists,
    /// Without lines there is nothing to sell.
    #[error("an order needs at least one line")]
    NoLines,
    /// More than one order may have.
    #[error("an order has at most {MOST_LINES} lines, and this one {0}; split it")]
    TooManyLines(usize),
    /// Nothing, or more than one line may have.
    #[error("a line has from 1 to {MOST_UNITS} units")]
    BadQuantity {
        /// Which line, 0-based.
        line: usize,
    },
    /// The catalogue does not know it.
    #[error("there is no product {product}")]
    UnknownProduct {
        /// Which line, 0-based.
        line: usize,
        /// What was asked for.
        product: ProductId,
    },
    /// Out of sale.
    #[error("{product} is discontinued and takes no new orders")]
    ProductDiscontinued {
        /// Which line, 0-based.
        line: usize,
        /// What was asked for.
        product: ProductId,
    },
    /// Only staff set prices.
    #[error("only the role ADMIN may override a price; leave unitPrice out")]
    OverrideNotAllowed {
        /// Which line, 0-based.
        line: usize,
    },
    /// A price below zero.
    #[error("a price must not be below zero")]
    NegativePrice {
        /// Which line, 0-based.
        line: usize,
    },
    /// The product has another currency than the order.
    #[error("the product is priced in {priced_in}; an order has one currency")]
    OtherCurrency {
        /// Which line, 0-based.
        line: usize,
        /// What the catalogue says.
        priced_in: Currency,
    },
    /// A discount, tax, shipping or total below zero.
    #[error("the order's {0} must not be below zero")]
    NegativeCharge(Cow<'static, str>),
    /// Beyond what can be represented.
    #[error("the order's total is too large")]
    TotalTooLarge,
    /// The status does not allow it.
    #[error("the order is {status}; this needs {needed}")]
    WrongStatus {
        /// What it is.
        status: Status,
        /// What it would have to be.
        needed: Cow<'static, str>,
    },
    /// Stock is not held yet.
    #[error("the order's stock is not reserved yet; try again in a moment")]
    NotConfirmed,
    /// A payment is on its way.
    #[error("a payment of this order is in progress; wait for its outcome")]
    PaymentInProgress,
    /// Somebody else's order.
    #[error("only the customer who placed the order, or staff, may do this")]
    NotYours,
    /// A customer may cancel PENDING orders only.
    #[error("a customer may cancel an order only while it is PENDING; ask the shop, or return it")]
    StaffOnly,
}

impl Refusal for Rejection {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "order.not_found",
            Self::AlreadyExists => "order.already_exists",
            Self::NoLines => "order.no_lines",
            Self::TooManyLines(_) => "order.too_many_lines",
            Self::BadQuantity { .. } => "order.bad_quantity",
            Self::UnknownProduct { .. } => "order.unknown_product",
            Self::ProductDiscontinued { .. } => "order.product_discontinued",
            Self::OverrideNotAllowed { .. } => "order.override_not_allowed",
            Self::NegativePrice { .. } => "order.negative_price",
            Self::OtherCurrency { .. } => "order.other_currency",
            Self::NegativeCharge(_) => "order.negative_charge",
            Self::TotalTooLarge => "order.total_too_large",
            Self::WrongStatus { .. } => "order.wrong_status",
            Self::NotConfirmed => "order.not_confirmed",
            Self::PaymentInProgress => "order.payment_in_progress",
            Self::NotYours => "order.not_yours",
            Self::StaffOnly => "order.staff_only",
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::AlreadyExists
            | Self::ProductDiscontinued { .. }
            | Self::WrongStatus { .. }
            | Self::NotConfirmed
            | Self::PaymentInProgress => RefusalKind::Conflict,
            Self::OverrideNotAllowed { .. } | Self::NotYours | Self::StaffOnly => {
                RefusalKind::Forbidden
            }
            Self::NoLines
            | Self::TooManyLines(_)
            | Self::BadQuantity { .. }
            | Self::UnknownProduct { .. }
            | Self::NegativePrice { .. }
            | Self::OtherCurrency { .. }
            | Self::NegativeCharge(_)
            | Self::TotalTooLarge => RefusalKind::Invalid,
        }
    }
}

impl Rejection {
    /// The line that is refused, 0-based, where it is one.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::BadQuantity { line }
            | Self::UnknownProduct { line, .. }
            | Self::ProductDiscontinued { line, .. }
            | Self::OverrideNotAllowed { line }
            | Self::NegativePrice { line }
            | Self::OtherCurrency { line, .. } => Some(*line),
            Self::NotFound
            | Self::AlreadyExists
            | Self::NoLines
            | Self::TooManyLines(_)
            | Self::NegativeCharge(_)
            | Self::TotalTooLarge
            | Self::WrongStatus { .. }
            | Self::NotConfirmed
            | Self::PaymentInProgress
            | Self::NotYours
            | Self::StaffOnly => None,
        }
    }
}
