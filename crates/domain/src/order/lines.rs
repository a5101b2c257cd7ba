//! What an order consists of and what it comes to: lines, totals, and the units it wants of each product.
//!
//! Prices are those of the catalogue as it stood, never the client's; an override is a right of staff.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Rejection;
use crate::ids::ProductId;
use crate::money::{Amount, Currency, MoneyError};
use crate::product::Offer;

/// The most lines of one order.
pub const MOST_LINES: usize = 2_000;
/// The most units of one line.
pub const MOST_UNITS: u32 = 100_000;

/// A line as it is asked for, with what the catalogue says of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRequest {
    /// Which product.
    pub product: ProductId,
    /// How many.
    pub quantity: u32,
    /// What the node's price table holds; none where it knows no such product.
    pub offer: Option<Offer>,
    /// Another unit price than the catalogue's.
    pub price_override: Option<Amount>,
}

/// A line as it was sold: title and price are snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Which product.
    pub product_id: ProductId,
    /// Its title when it was ordered.
    pub title: String,
    /// What one cost.
    pub unit_price: Amount,
    /// How many; negative on a credit note that takes goods back.
    pub quantity: i64,
    /// Whether stock is held for it.
    pub stock_tracked: bool,
}

impl Line {
    /// Unit price times quantity, unrounded.
    ///
    /// # Errors
    /// If it is out of range.
    pub fn total(&self) -> Result<Amount, MoneyError> {
        self.unit_price.times(self.quantity)
    }
}

/// What an order comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Of all amounts here.
    pub currency: Currency,
    /// The sum of the lines, unrounded.
    pub subtotal: Amount,
    /// Taken off.
    pub discount: Amount,
    /// Put on.
    pub tax: Amount,
    /// Put on.
    pub shipping: Amount,
    /// What is charged: subtotal − discount + tax + shipping, rounded once to the minor unit.
    pub total: Amount,
    /// The units of all lines.
    pub units: i64,
}

/// What is put on or taken off the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charges {
    /// Taken off.
    pub discount: Amount,
    /// Put on.
    pub tax: Amount,
    /// Put on.
    pub shipping: Amount,
}

/// The lines as they will be sold.
pub(super) fn price_lines(
    requests: Vec<LineRequest>,
    currency: Currency,
    may_override: bool,
) -> Result<Vec<Line>, Rejection> {
    if requests.is_empty() {
        return Err(Rejection::NoLines);
    }
    if requests.len() > MOST_LINES {
        return Err(Rejection::TooManyLines(requests.len()));
    }
    requests
        .into_iter()
        .enumerate()
        .map(|(index, request)| price_line(index, request, currency, may_override))
        .collect()
}

fn price_line(
    index: usize,
    request: LineRequest,
    currency: Currency,
    may_override: bool,
) -> Result<Line, Rejection> {
    if request.quantity == 0 || request.quantity > MOST_UNITS {
        return Err(Rejection::BadQuantity { line: index });
    }
    let Some(offer) = request.offer else {
        return Err(Rejection::UnknownProduct { line: index, product: request.product });
    };
    if offer.discontinued {
        return Err(Rejection::ProductDiscontinued { line: index, product: request.product });
    }
    if request.price_override.is_some() && !may_override {
        return Err(Rejection::OverrideNotAllowed { line: index });
    }
    if request.price_override.is_some_and(Amount::is_negative) {
        return Err(Rejection::NegativePrice { line: index });
    }
    if offer.price.currency != currency {
        return Err(Rejection::OtherCurrency { line: index, priced_in: offer.price.currency });
    }
    Ok(Line {
        product_id: request.product,
        title: offer.title,
        unit_price: request.price_override.unwrap_or(offer.price.amount),
        quantity: i64::from(request.quantity),
        stock_tracked: offer.stock_tracked,
    })
}

/// What `lines` come to with `charges`.
pub(super) fn total(
    lines: &[Line],
    currency: Currency,
    charges: Charges,
) -> Result<Totals, Rejection> {
    sum(lines, currency, charges).map_err(|_| Rejection::TotalTooLarge)
}

fn sum(lines: &[Line], currency: Currency, charges: Charges) -> Result<Totals, MoneyError> {
    let mut subtotal = Amount::ZERO;
    let mut units = 0_i64;
    for line in lines {
        subtotal = subtotal.plus(line.total()?)?;
        units = units.checked_add(line.quantity).ok_or(MoneyError::OutOfRange)?;
    }
    let exact = subtotal.minus(charges.discount)?.plus(charges.tax)?.plus(charges.shipping)?;
    Ok(Totals {
        currency,
        subtotal,
        discount: charges.discount,
        tax: charges.tax,
        shipping: charges.shipping,
        total: exact.rounded_to_minor(currency),
        units,
    })
}

/// Charges are signed by what they are, and nobody is paid for ordering.
pub(super) fn nothing_below_zero(totals: &Totals) -> Result<(), Rejection> {
    let Totals { discount, tax, shipping, total, .. } = totals;
    let named = [("discount", discount), ("tax", tax), ("shipping", shipping), ("total", total)];
    match named.iter().find(|(_, amount)| amount.is_negative()) {
        Some((name, _)) => Err(Rejection::NegativeCharge((*name).into())),
        None => Ok(()),
    }
}

/// How many units of each stock-tracked product the lines name, in the order of the product ids.
#[must_use]
pub fn units_by_product(lines: &[Line]) -> BTreeMap<ProductId, i64> {
    let mut units = BTreeMap::new();
    for line in lines.iter().filter(|line| line.stock_tracked) {
        *units.entry(line.product_id.clone()).or_insert(0) += line.quantity;
    }
    units
}
