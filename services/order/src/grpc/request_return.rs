//! `RequestReturn`: asks to send a delivered order back.

use chimera_domain::ids::OrderId;
use chimera_kit::grpc::{answer, id, keyed};
use chimera_kit::problem::Problem;
use chimera_proto::order::v1::{RequestReturnRequest, RequestReturnResponse};
use tonic::{Request, Response};

use super::message::status;
use crate::Orders;
use crate::orders::id::returns::Returning;

pub(super) async fn request_return(
    orders: &Orders,
    request: Request<RequestReturnRequest>,
) -> Result<Response<RequestReturnResponse>, Problem> {
    let (message, asked) = keyed(request, |message| &message.order_id)?.split();
    let order: OrderId = id("order_id", &message.order_id)?;
    let returning = Returning { reason: message.reason };
    let stands = orders.request_return(&order, asked.with(returning)).await?;
    let response = RequestReturnResponse {
        order_id: stands.body.order_id,
        status: status(&stands.body.status).into(),
        version: stands.body.version,
        position: stands.position.to_string(),
    };
    Ok(answer(response, &stands.position))
}
