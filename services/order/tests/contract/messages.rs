//! Bodies of REST as messages of gRPC.

use chimera_domain::money::Amount;
use chimera_proto::common::v1::Money;
use chimera_proto::inventory::v1::AdjustmentReason;
use chimera_proto::order::v1 as order;
use chimera_proto::product::v1 as product;
use serde_json::Value;

pub(crate) fn text(body: &Value, name: &str) -> String {
    optional(body, name).unwrap_or_default()
}

pub(crate) fn optional(body: &Value, name: &str) -> Option<String> {
    body[name].as_str().map(str::to_owned)
}

fn texts(body: &Value, name: &str) -> Vec<String> {
    let items = body[name].as_array().into_iter().flatten();
    items.map(|item| item.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn money(body: &Value) -> Option<Money> {
    let amount: Amount = body["amount"].as_str()?.parse().unwrap();
    let (units, rest) = (amount.ten_thousandths() / 10_000, amount.ten_thousandths() % 10_000);
    let nanos = i32::try_from(rest).unwrap() * 100_000;
    Some(Money { currency_code: text(body, "currency"), units, nanos })
}

pub(crate) fn details(body: &Value) -> product::ProductDetails {
    let format = format!("FORMAT_{}", text(body, "format"));
    let attributes = body["attributes"].as_object().into_iter().flatten();
    product::ProductDetails {
        title: text(body, "title"),
        description: text(body, "description"),
        authors: texts(body, "authors"),
        publisher: optional(body, "publisher"),
        isbn: optional(body, "isbn"),
        categories: texts(body, "categories"),
        format: product::Format::from_str_name(&format).map_or(0, Into::into),
        language: optional(body, "language"),
        attributes: attributes
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect(),
        image_urls: texts(body, "imageUrls"),
        seller: optional(body, "seller"),
    }
}

pub(crate) fn reason(body: &Value) -> i32 {
    let name = format!("ADJUSTMENT_REASON_{}", text(body, "reason"));
    AdjustmentReason::from_str_name(&name).map_or(0, Into::into)
}

pub(crate) fn method(body: &Value) -> i32 {
    let name = format!("PAYMENT_METHOD_{}", text(body, "method"));
    order::PaymentMethod::from_str_name(&name).map_or(0, Into::into)
}

pub(crate) fn placing(body: &Value) -> order::PlaceOrderRequest {
    let lines = body["lines"].as_array().into_iter().flatten();
    let line = |line: &Value| order::NewLine {
        product_id: text(line, "productId"),
        quantity: u32::try_from(line["quantity"].as_u64().unwrap()).unwrap(),
        unit_price: money(&line["unitPrice"]),
    };
    order::PlaceOrderRequest {
        customer_id: text(body, "customerId"),
        currency: optional(body, "currency"),
        lines: lines.map(line).collect(),
        shipping_address: Some(address(&body["shippingAddress"])),
    }
}

fn address(body: &Value) -> order::Address {
    order::Address {
        recipient: text(body, "recipient"),
        street: text(body, "street"),
        city: text(body, "city"),
        region: text(body, "region"),
        postal_code: text(body, "postalCode"),
        country: text(body, "country"),
    }
}
