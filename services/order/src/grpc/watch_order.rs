//! `WatchOrder`: every event of one order, in order and each once, until the caller, the deadline or the process ends it.

use std::pin::Pin;

use chimera_domain::ids::OrderId;
use chimera_kit::grpc::{Call, caller, given_position, id};
use chimera_kit::problem::Problem;
use chimera_proto::order::v1::{WatchOrderRequest, WatchOrderResponse};
use futures_util::Stream;
use futures_util::stream;
use tonic::{Request, Response, Status};

use super::{event, message};
use crate::Orders;
use crate::orders::id::events::body;
use crate::watch::{Seen, Watch};

/// The stream of an order's events.
pub(super) type Events = Pin<Box<dyn Stream<Item = Result<WatchOrderResponse, Status>> + Send>>;

pub(super) async fn watch_order(
    orders: &Orders,
    request: Request<WatchOrderRequest>,
) -> Result<Response<Events>, Problem> {
    let (call, caller) = (Call::of(&request)?, caller(&request)?);
    let WatchOrderRequest { order_id, after } = request.into_inner();
    let order: OrderId = id("order_id", &order_id)?;
    let after = after.map(|text| given_position("after", &text)).transpose()?;
    let watch = orders.watch(&order, &caller, after.as_ref()).await?;
    Ok(Response::new(Box::pin(stream::unfold(Some((watch, call)), next))))
}

/// The next event, or why there are no more; after that nothing.
async fn next(
    following: Option<(Watch, Call)>,
) -> Option<(Result<WatchOrderResponse, Status>, Option<(Watch, Call)>)> {
    let (mut watch, mut call) = following?;
    let seen = tokio::select! {
        biased;
        over = call.over() => Err(over),
        seen = watch.next() => seen.map_err(Problem::from),
    };
    Some(match seen {
        Ok(seen) => (Ok(shown(seen)), Some((watch, call))),
        Err(problem) => (Err(problem.into()), None),
    })
}

fn shown(seen: Seen) -> WatchOrderResponse {
    let shown = body(&seen.event);
    WatchOrderResponse {
        position: shown.position.clone(),
        event: Some(event::message(shown)),
        order: Some(message::order(seen.order)),
    }
}
