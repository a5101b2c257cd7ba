//! `DecideReturn`: accepts or rejects a return.

use chimera_domain::ids::OrderId;
use chimera_kit::grpc::{answer, asked, id};
use chimera_kit::problem::Problem;
use chimera_proto::order::v1::{DecideReturnRequest, DecideReturnResponse, ReturnDecision};
use tonic::{Request, Response};

use super::message::status;
use crate::Orders;
use crate::orders::id::returns::decision::Deciding;

pub(super) async fn decide_return(
    orders: &Orders,
    request: Request<DecideReturnRequest>,
) -> Result<Response<DecideReturnResponse>, Problem> {
    let (message, asked) = asked(request, |message| &message.order_id)?.split();
    let order: OrderId = id("order_id", &message.order_id)?;
    let decision = in_words(message.decision());
    let deciding = Deciding { reason: message.reason };
    let stands = orders.decide_return(&order, decision, asked.with(deciding)).await?;
    let response = DecideReturnResponse {
        order_id: stands.body.order_id,
        status: status(&stands.body.status).into(),
        version: stands.body.version,
        position: stands.position.to_string(),
    };
    Ok(answer(response, &stands.position))
}

/// The last part of REST's address; none for a number that is no decision.
fn in_words(decision: ReturnDecision) -> &'static str {
    match decision {
        ReturnDecision::Unspecified => "",
        ReturnDecision::Accept => "accept",
        ReturnDecision::Reject => "reject",
    }
}
