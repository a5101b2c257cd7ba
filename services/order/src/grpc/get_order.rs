//! `GetOrder`: one order, now by the read model, or as it was by the log.

use chimera_domain::ids::OrderId;
use chimera_kit::codes;
use chimera_kit::grpc::{after, caller, id, micros};
use chimera_kit::problem::Problem;
use chimera_proto::order::v1::get_order_request::At as Asked;
use chimera_proto::order::v1::{GetOrderRequest, GetOrderResponse};
use tonic::{Request, Response};

use super::message;
use crate::Orders;
use crate::history::At;

pub(super) async fn get_order(
    orders: &Orders,
    request: Request<GetOrderRequest>,
) -> Result<Response<GetOrderResponse>, Problem> {
    let (caller, after) = (caller(&request)?, after(&request)?);
    let GetOrderRequest { order_id, at } = request.into_inner();
    let order: OrderId = id("order_id", &order_id)?;
    let found = match at {
        None => orders.as_it_is(&order, &caller, &after).await?,
        Some(Asked::AtVersion(version)) => {
            let was = orders.as_it_was(&order, &caller, At::Version(version)).await;
            was.map_err(|problem| within(problem, "at_version"))?
        }
        Some(Asked::AtTime(time)) => {
            let detail = "at_time is no time of the calendar";
            let wrong = || Problem::new(codes::REQUEST_BAD_PARAMETER, detail).at("at_time");
            let time = micros(&time).ok_or_else(wrong)?;
            orders.as_it_was(&order, &caller, At::Time(time)).await?
        }
    };
    Ok(Response::new(GetOrderResponse { order: Some(message::order(found)) }))
}

/// What REST says of `at`, said of the field that it is here.
fn within(problem: Problem, field: &str) -> Problem {
    if problem.field().is_some() { problem.at(field) } else { problem }
}
