//! Messages of gRPC as bodies of REST, field by field: one that is lost on the way makes a difference.

use chimera_domain::money::Amount;
use chimera_proto::common::v1::Money;
use chimera_proto::inventory::v1::Stock;
use chimera_proto::order::v1 as order;
use chimera_proto::product::v1 as product;
use prost_types::Timestamp;
use serde_json::{Map, Value, json};

use crate::rest::micros;

fn time(time: Option<&Timestamp>) -> Value {
    time.map_or(Value::Null, micros)
}

fn amount(money: Option<&Money>) -> Value {
    let Some(money) = money else { return Value::Null };
    let ten_thousandths = money.units * 10_000 + i64::from(money.nanos / 100_000);
    json!(Amount::from_ten_thousandths(ten_thousandths).to_string())
}

fn money(money: Option<&Money>) -> Value {
    let Some(known) = money else { return Value::Null };
    json!({"amount": amount(money), "currency": known.currency_code})
}

/// The value's name without the enum's before it.
fn name(name: &str, prefix: &str) -> Value {
    json!(name.strip_prefix(prefix).unwrap())
}

fn without_nulls(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let kept: Map<String, Value> =
        fields.into_iter().filter(|(_, field)| !field.is_null()).collect();
    kept.into()
}

pub(crate) fn status(status: order::OrderStatus) -> Value {
    name(status.as_str_name(), "ORDER_STATUS_")
}

pub(crate) fn outcome(outcome: order::PaymentOutcome) -> Value {
    name(outcome.as_str_name(), "PAYMENT_OUTCOME_")
}

pub(crate) fn order(order: &order::Order) -> Value {
    without_nulls(json!({
        "orderId": order.order_id,
        "kind": name(order.kind().as_str_name(), "ORDER_KIND_"),
        "customerId": order.customer_id,
        "placedAt": time(order.placed_at.as_ref()),
        "status": status(order.status()),
        "confirmed": order.confirmed,
        "totals": order.totals.as_ref().map(totals),
        "lines": order.lines.iter().map(line).collect::<Vec<_>>(),
        "shippingAddress": order.shipping_address.as_ref().map(address),
        "payBy": time(order.pay_by.as_ref()),
        "payment": order.payment.as_ref().map(payment),
        "shipment": order.shipment.as_ref().map(shipment),
        "cancellation": order.cancellation.as_ref().map(cancellation),
        "return": order.return_info.as_ref().map(returning),
        "version": order.version,
    }))
}

fn totals(totals: &order::Totals) -> Value {
    json!({
        "currency": totals.total.as_ref().unwrap().currency_code,
        "subtotal": amount(totals.subtotal.as_ref()),
        "discount": amount(totals.discount.as_ref()),
        "tax": amount(totals.tax.as_ref()),
        "shipping": amount(totals.shipping.as_ref()),
        "total": amount(totals.total.as_ref()),
        "units": totals.units,
    })
}

fn line(line: &order::Line) -> Value {
    json!({
        "productId": line.product_id,
        "title": line.title,
        "unitPrice": amount(line.unit_price.as_ref()),
        "quantity": line.quantity,
    })
}

fn address(address: &order::Address) -> Value {
    json!({
        "recipient": address.recipient,
        "street": address.street,
        "city": address.city,
        "region": address.region,
        "postalCode": address.postal_code,
        "country": address.country,
    })
}

fn payment(payment: &order::Payment) -> Value {
    let state = payment.state.map(|_| name(payment.state().as_str_name(), "PAYMENT_STATE_"));
    let method = payment.method.map(|_| name(payment.method().as_str_name(), "PAYMENT_METHOD_"));
    without_nulls(json!({
        "state": state,
        "attempts": payment.attempts,
        "paymentId": payment.payment_id,
        "method": method,
        "amount": money(payment.amount.as_ref()),
        "failure": payment.failure,
        "paidAt": time(payment.paid_at.as_ref()),
        "refunded": money(payment.refunded.as_ref()),
        "refundedAt": time(payment.refunded_at.as_ref()),
    }))
}

fn shipment(shipment: &order::Shipment) -> Value {
    without_nulls(json!({
        "shippedAt": time(shipment.shipped_at.as_ref()),
        "carrier": shipment.carrier,
        "trackingNumber": shipment.tracking_number,
        "deliveredAt": time(shipment.delivered_at.as_ref()),
    }))
}

fn cancellation(cancellation: &order::Cancellation) -> Value {
    let short = |line: &order::ShortLine| {
        json!({
            "productId": line.product_id, "asked": line.asked, "available": line.available,
        })
    };
    let short: Vec<Value> = cancellation.short_lines.iter().map(short).collect();
    without_nulls(json!({
        "reason": name(cancellation.reason().as_str_name(), "CANCEL_REASON_"),
        "canceledAt": time(cancellation.canceled_at.as_ref()),
        "shortLines": if short.is_empty() { Value::Null } else { short.into() },
    }))
}

fn returning(returning: &order::Return) -> Value {
    without_nulls(json!({
        "reason": returning.reason,
        "rejection": returning.rejection,
        "returnedAt": time(returning.returned_at.as_ref()),
    }))
}

pub(crate) fn stock(stock: &Stock) -> Value {
    json!({
        "productId": stock.product_id,
        "onHand": stock.on_hand,
        "reserved": stock.reserved,
        "available": stock.available,
        "reorderLevel": stock.reorder_level,
        "low": stock.low,
        "updatedAt": time(stock.updated_at.as_ref()),
        "version": stock.version,
    })
}

pub(crate) fn product(product: &product::Product) -> Value {
    let details = product.details.as_ref().unwrap();
    let stock = product.stock.map(|stock| {
        json!({
            "onHand": stock.on_hand, "reserved": stock.reserved, "available": stock.available,
        })
    });
    without_nulls(json!({
        "productId": product.product_id,
        "title": details.title,
        "description": details.description,
        "authors": details.authors,
        "publisher": details.publisher,
        "isbn": details.isbn,
        "categories": details.categories,
        "format": name(details.format().as_str_name(), "FORMAT_"),
        "language": details.language,
        "attributes": details.attributes,
        "imageUrls": details.image_urls,
        "seller": details.seller,
        "price": money(product.price.as_ref()),
        "priceValidFrom": time(product.price_valid_from.as_ref()),
        "stockTracked": product.stock_tracked,
        "discontinued": product.discontinued,
        "discontinuedReason": product.discontinued_reason,
        "createdAt": time(product.created_at.as_ref()),
        "updatedAt": time(product.updated_at.as_ref()),
        "version": product.version,
        "stock": stock,
    }))
}

pub(crate) fn past_price(past: &product::PastPrice) -> Value {
    without_nulls(json!({
        "price": money(past.price.as_ref()),
        "validFrom": time(past.valid_from.as_ref()),
        "validTo": time(past.valid_to.as_ref()),
        "reason": past.reason,
    }))
}
