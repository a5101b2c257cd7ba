//! `ShipOrder`: a paid order leaves the building.

use chimera_domain::ids::OrderId;
use chimera_kit::grpc::{answer, asked, id};
use chimera_kit::problem::Problem;
use chimera_proto::order::v1::{ShipOrderRequest, ShipOrderResponse};
use tonic::{Request, Response};

use super::message::status;
use crate::Orders;
use crate::orders::id::ship::Shipping;

pub(super) async fn ship_order(
    orders: &Orders,
    request: Request<ShipOrderRequest>,
) -> Result<Response<ShipOrderResponse>, Problem> {
    let (message, asked) = asked(request, |message| &message.order_id)?.split();
    let order: OrderId = id("order_id", &message.order_id)?;
    let shipping = Shipping { carrier: message.carrier, tracking_number: message.tracking_number };
    let stands = orders.ship(&order, asked.with(shipping)).await?;
    let response = ShipOrderResponse {
        order_id: stands.body.order_id,
        status: status(&stands.body.status).into(),
        version: stands.body.version,
        position: stands.position.to_string(),
    };
    Ok(answer(response, &stands.position))
}
