//! `PlaceOrder`: places an order.

use chimera_domain::money::Currency;
use chimera_kit::codes;
use chimera_kit::grpc::{answer_after_waiting, given_money, keyed};
use chimera_kit::problem::Problem;
use chimera_proto::order::v1 as proto;
use tonic::{Request, Response};

use super::message;
use crate::Orders;
use crate::body::AddressBody;
use crate::orders::new::{NewLine, NewOrder};

pub(super) async fn place_order(
    orders: &Orders,
    request: Request<proto::PlaceOrderRequest>,
) -> Result<Response<proto::PlaceOrderResponse>, Problem> {
    let (message, asked) = keyed(request, |_| "")?.split();
    let wait = asked.wait;
    let (order, position) = orders.place(asked.with(new_order(message)?)).await?;
    let response = proto::PlaceOrderResponse {
        order: Some(message::order(order)),
        position: position.to_string(),
    };
    Ok(answer_after_waiting(response, &position, wait))
}

fn new_order(message: proto::PlaceOrderRequest) -> Result<NewOrder, Problem> {
    let mut lines = Vec::with_capacity(message.lines.len());
    for (index, line) in message.lines.into_iter().enumerate() {
        let price = line
            .unit_price
            .map(|price| given_money(Some(price), &format!("lines[{index}].unit_price")));
        let unit_price = price.transpose()?;
        lines.push(NewLine { product_id: line.product_id, quantity: line.quantity, unit_price });
    }
    Ok(NewOrder {
        customer_id: message.customer_id,
        currency: message.currency.map(|text| currency(&text)).transpose()?,
        lines,
        shipping_address: address(message.shipping_address.unwrap_or_default()),
    })
}

fn currency(text: &str) -> Result<Currency, Problem> {
    let detail = "not an ISO 4217 currency code such as GBP";
    text.parse().map_err(|_| Problem::new(codes::REQUEST_INVALID, detail).at("currency"))
}

fn address(message: proto::Address) -> AddressBody {
    let proto::Address { recipient, street, city, region, postal_code, country } = message;
    AddressBody { recipient, street, city, region, postal_code, country }
}
