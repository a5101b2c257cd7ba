//! `CancelOrder`: gives an order up.

use chimera_domain::ids::OrderId;
use chimera_kit::grpc::{answer, asked, id};
use chimera_kit::problem::Problem;
use chimera_proto::order::v1::{CancelOrderRequest, CancelOrderResponse};
use tonic::{Request, Response};

use super::message::status;
use crate::Orders;

pub(super) async fn cancel_order(
    orders: &Orders,
    request: Request<CancelOrderRequest>,
) -> Result<Response<CancelOrderResponse>, Problem> {
    let (message, asked) = asked(request, |message| &message.order_id)?.split();
    let order: OrderId = id("order_id", &message.order_id)?;
    let stands = orders.cancel(&order, &asked).await?;
    let response = CancelOrderResponse {
        order_id: stands.body.order_id,
        status: status(&stands.body.status).into(),
        version: stands.body.version,
        position: stands.position.to_string(),
    };
    Ok(answer(response, &stands.position))
}
