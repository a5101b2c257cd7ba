//! Orders as they stand in answers; from the read model's rows, or from the order itself.

use chimera_domain::money::{Amount, Currency};
use chimera_domain::order::{Address, Line, Order, Placed, Status, Totals};
use chimera_kit::money::MoneyBody;
use chimera_query::time_text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod from_rows;

pub(crate) use from_rows::from_rows;

/// An order or credit note.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub(crate) struct OrderBody {
    #[schema(example = "o-k7c2m5qhtz3xw8v4n6p9rbsdfa")]
    pub order_id: String,
    /// ORDER or `CREDIT_NOTE`.
    #[schema(example = "ORDER")]
    pub kind: String,
    #[schema(example = "c-17")]
    pub customer_id: String,
    pub placed_at: String,
    /// PENDING, PAID, SHIPPED, FULFILLED, CANCELED, `RETURN_REQUESTED`, RETURNED, or CREDITED for a credit note.
    #[schema(example = "PAID")]
    pub status: String,
    /// Whether all its stock is held.
    pub confirmed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<TotalsBody>,
    /// Of all amounts; shown with the totals.
    #[serde(skip)]
    pub currency: Option<Currency>,
    pub lines: Vec<LineBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<AddressBody>,
    /// Until when it must be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment: Option<ShipmentBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<CancellationBody>,
    #[serde(rename = "return", skip_serializing_if = "Option::is_none")]
    pub returning: Option<ReturnBody>,
    /// How many events made it.
    pub version: u64,
}

/// What an order comes to.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Totals)]
pub(crate) struct TotalsBody {
    #[schema(value_type = String, example = "GBP")]
    pub currency: Currency,
    /// The sum of the lines, unrounded.
    #[schema(value_type = String, example = "39.98")]
    pub subtotal: Amount,
    #[schema(value_type = String, example = "0.00")]
    pub discount: Amount,
    #[schema(value_type = String, example = "8.00")]
    pub tax: Amount,
    #[schema(value_type = String, example = "0.00")]
    pub shipping: Amount,
    /// What is charged, rounded once.
    #[schema(value_type = String, example = "47.98")]
    pub total: Amount,
    /// The units of all lines.
    #[schema(example = 2)]
    pub units: i64,
}

/// A line as it was sold.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Line)]
pub(crate) struct LineBody {
    #[schema(example = "9780135957059")]
    pub product_id: String,
    /// As it was when it was ordered.
    pub title: String,
    #[schema(value_type = String, example = "19.99")]
    pub unit_price: Amount,
    /// Negative on a credit note that takes goods back.
    #[schema(example = 2)]
    pub quantity: i64,
}

/// Where it goes.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = Address)]
pub(crate) struct AddressBody {
    #[schema(example = "Ada Lovelace")]
    pub recipient: String,
    #[schema(example = "12 St James's Square")]
    pub street: String,
    #[schema(example = "London")]
    pub city: String,
    pub region: String,
    #[schema(example = "SW1Y 4JH")]
    pub postal_code: String,
    #[schema(example = "United Kingdom")]
    pub country: String,
}

/// Shows the country alone, so that an address never reaches a log by accident.
impl std::fmt::Debug for AddressBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AddressBody").field("country", &self.country).finish_non_exhaustive()
    }
}

/// How the payment stands.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Payment)]
pub(crate) struct PaymentBody {
    /// REQUESTED, CAPTURED, DECLINED, `REFUND_REQUESTED`, REFUNDED or `REFUND_FAILED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// How many payments were tried.
    pub attempts: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<MoneyBody>,
    /// The gateway's word for why it declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded: Option<MoneyBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded_at: Option<String>,
}

/// How it travels.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Shipment)]
pub(crate) struct ShipmentBody {
    pub shipped_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<String>,
}

/// Why it was given up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Cancellation)]
pub(crate) struct CancellationBody {
    /// CUSTOMER, STAFF, `OUT_OF_STOCK`, EXPIRED or `PAYMENT_FAILED`.
    pub reason: String,
    pub canceled_at: String,
    /// What could not be had, where that was the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub short_lines: Vec<ShortLineBody>,
}

/// A product of which too little could be had.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ShortLine)]
pub(crate) struct ShortLineBody {
    pub product_id: String,
    pub asked: i64,
    pub available: i64,
}

/// How it comes back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Return)]
pub(crate) struct ReturnBody {
    /// In the customer's words.
    pub reason: String,
    /// In the shop's words, where it was not taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned_at: Option<String>,
}

impl From<&Totals> for TotalsBody {
    fn from(totals: &Totals) -> Self {
        let Totals { currency, subtotal, discount, tax, shipping, total, units } = *totals;
        Self { currency, subtotal, discount, tax, shipping, total, units }
    }
}

impl From<&Line> for LineBody {
    fn from(line: &Line) -> Self {
        Self {
            product_id: line.product_id.to_string(),
            title: line.title.clone(),
            unit_price: line.unit_price,
            quantity: line.quantity,
        }
    }
}

impl From<AddressBody> for Address {
    fn from(body: AddressBody) -> Self {
        let AddressBody { recipient, street, city, region, postal_code, country } = body;
        Self { recipient, street, city, region, postal_code, country }
    }
}

impl From<Address> for AddressBody {
    fn from(address: Address) -> Self {
        let Address { recipient, street, city, region, postal_code, country } = address;
        Self { recipient, street, city, region, postal_code, country }
    }
}

/// The answer made of the order itself; none where there is no order.
pub(crate) fn from_order(order_id: &str, order: &Order, version: u64) -> Option<OrderBody> {
    let (head, kind, currency) = match order {
        Order::Absent => return None,
        Order::Placed(placed) => (&placed.head, "ORDER", placed.totals.currency),
        Order::CreditNote { head, credit, .. } => (head, "CREDIT_NOTE", credit.currency),
    };
    let placed = order.placed();
    Some(OrderBody {
        order_id: order_id.to_owned(),
        kind: kind.to_owned(),
        customer_id: head.customer_id.to_string(),
        placed_at: time_text(head.placed_at),
        status: head.status.to_string(),
        confirmed: head.confirmed,
        totals: placed.map(|placed| TotalsBody::from(&placed.totals)),
        currency: Some(currency),
        lines: order.lines().iter().map(LineBody::from).collect(),
        shipping_address: placed.map(|placed| placed.shipping_address.clone().into()),
        pay_by: placed.and_then(|placed| placed.pay_by).map(time_text),
        payment: placed.filter(|placed| placed.attempts > 0).map(payment),
        version,
        ..OrderBody::default()
    })
}

fn payment(placed: &Placed) -> PaymentBody {
    let payment_id = placed.paid_by.clone().or_else(|| placed.paying.clone());
    PaymentBody { attempts: placed.attempts.into(), payment_id, ..PaymentBody::default() }
}

/// Where the payment of an order stands, in a word.
pub(crate) fn payment_outcome(placed: &Placed) -> &'static str {
    match (placed.head.status, &placed.paying, &placed.paid_by) {
        (_, Some(_), _) => "IN_PROGRESS",
        (Status::Pending | Status::Canceled, None, None) => "FAILED",
        (_, None, _) => "PAID",
    }
}
