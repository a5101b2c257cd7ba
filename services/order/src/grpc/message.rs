//! Orders as messages have them, made of what REST shows: both say the same.

use chimera_domain::money::Currency;
use chimera_kit::grpc::{money, timestamp};
use chimera_kit::money::MoneyBody;
use chimera_proto::common::v1::Money;
use chimera_proto::order::v1 as proto;

use crate::body::{
    AddressBody, CancellationBody, LineBody, OrderBody, PaymentBody, ReturnBody, ShipmentBody,
    ShortLineBody, TotalsBody,
};

/// An order or credit note.
pub(super) fn order(body: OrderBody) -> proto::Order {
    let currency = body.currency;
    proto::Order {
        kind: named(&body.kind, "ORDER_KIND_", proto::OrderKind::from_str_name).into(),
        placed_at: timestamp(&body.placed_at),
        status: status(&body.status).into(),
        confirmed: body.confirmed,
        totals: body.totals.as_ref().map(totals),
        lines: body.lines.into_iter().map(|sold| line(sold, currency)).collect(),
        shipping_address: body.shipping_address.map(address),
        pay_by: body.pay_by.as_deref().and_then(timestamp),
        payment: body.payment.map(paid),
        shipment: body.shipment.map(shipment),
        cancellation: body.cancellation.map(cancellation),
        return_info: body.returning.map(returning),
        version: body.version,
        order_id: body.order_id,
        customer_id: body.customer_id,
    }
}

/// Where an order stands.
pub(super) fn status(name: &str) -> proto::OrderStatus {
    named(name, "ORDER_STATUS_", proto::OrderStatus::from_str_name)
}

/// How a payment ended.
pub(super) fn payment(name: &str) -> proto::PaymentOutcome {
    named(name, "PAYMENT_OUTCOME_", proto::PaymentOutcome::from_str_name)
}

/// The value that REST names without its enum's name before it.
fn named<T: Default>(name: &str, prefix: &str, find: fn(&str) -> Option<T>) -> T {
    find(&format!("{prefix}{name}")).unwrap_or_default()
}

fn totals(body: &TotalsBody) -> proto::Totals {
    let in_currency = |amount| Some(money(amount, body.currency));
    proto::Totals {
        subtotal: in_currency(body.subtotal),
        discount: in_currency(body.discount),
        tax: in_currency(body.tax),
        shipping: in_currency(body.shipping),
        total: in_currency(body.total),
        units: body.units,
    }
}

fn line(body: LineBody, currency: Option<Currency>) -> proto::Line {
    let price = |currency| money(body.unit_price, currency);
    proto::Line {
        unit_price: currency.map(price),
        product_id: body.product_id,
        title: body.title,
        quantity: body.quantity,
    }
}

fn address(body: AddressBody) -> proto::Address {
    let AddressBody { recipient, street, city, region, postal_code, country } = body;
    proto::Address { recipient, street, city, region, postal_code, country }
}

fn paid(body: PaymentBody) -> proto::Payment {
    let state = |name: &str| named(name, "PAYMENT_STATE_", proto::PaymentState::from_str_name);
    let method = |name: &str| named(name, "PAYMENT_METHOD_", proto::PaymentMethod::from_str_name);
    proto::Payment {
        state: body.state.as_deref().map(|name| state(name).into()),
        attempts: body.attempts,
        payment_id: body.payment_id,
        method: body.method.as_deref().map(|name| method(name).into()),
        amount: body.amount.map(amount),
        failure: body.failure,
        paid_at: body.paid_at.as_deref().and_then(timestamp),
        refunded: body.refunded.map(amount),
        refunded_at: body.refunded_at.as_deref().and_then(timestamp),
    }
}

fn amount(body: MoneyBody) -> Money {
    money(body.amount, body.currency)
}

fn shipment(body: ShipmentBody) -> proto::Shipment {
    proto::Shipment {
        shipped_at: timestamp(&body.shipped_at),
        carrier: body.carrier,
        tracking_number: body.tracking_number,
        delivered_at: body.delivered_at.as_deref().and_then(timestamp),
    }
}

fn cancellation(body: CancellationBody) -> proto::Cancellation {
    let reason = named(&body.reason, "CANCEL_REASON_", proto::CancelReason::from_str_name);
    proto::Cancellation {
        reason: reason.into(),
        canceled_at: timestamp(&body.canceled_at),
        short_lines: body.short_lines.into_iter().map(short_line).collect(),
    }
}

fn short_line(body: ShortLineBody) -> proto::ShortLine {
    let ShortLineBody { product_id, asked, available } = body;
    proto::ShortLine { product_id, asked, available }
}

fn returning(body: ReturnBody) -> proto::Return {
    proto::Return {
        reason: body.reason,
        rejection: body.rejection,
        returned_at: body.returned_at.as_deref().and_then(timestamp),
    }
}
