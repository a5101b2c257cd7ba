//! `PayOrder`: pays an order.

use chimera_domain::ids::OrderId;
use chimera_domain::order::PaymentMethod;
use chimera_kit::codes;
use chimera_kit::grpc::{answer_after_waiting, id, keyed};
use chimera_kit::problem::Problem;
use chimera_proto::order::v1 as proto;
use tonic::{Request, Response};

use super::message::{payment, status};
use crate::Orders;
use crate::orders::id::pay::Paying;

pub(super) async fn pay_order(
    orders: &Orders,
    request: Request<proto::PayOrderRequest>,
) -> Result<Response<proto::PayOrderResponse>, Problem> {
    let (message, asked) = keyed(request, |message| &message.order_id)?.split();
    let order: OrderId = id("order_id", &message.order_id)?;
    let paying = Paying { method: method(message.method())?, token: message.token };
    let wait = asked.wait;
    let (outcome, position) = orders.pay(&order, asked.with(paying)).await?;
    let response = proto::PayOrderResponse {
        order_id: outcome.order_id,
        status: status(&outcome.status).into(),
        payment: payment(outcome.payment).into(),
        attempts: outcome.attempts,
        version: outcome.version,
        position: position.to_string(),
    };
    Ok(answer_after_waiting(response, &position, wait))
}

/// A number that is no method counts as none.
fn method(method: proto::PaymentMethod) -> Result<PaymentMethod, Problem> {
    match method {
        proto::PaymentMethod::Unspecified => {
            let detail = "method must be one of CARD, UPI, NET_BANKING, WALLET and COD";
            Err(Problem::new(codes::REQUEST_INVALID, detail).at("method"))
        }
        proto::PaymentMethod::Card => Ok(PaymentMethod::Card),
        proto::PaymentMethod::Upi => Ok(PaymentMethod::Upi),
        proto::PaymentMethod::NetBanking => Ok(PaymentMethod::NetBanking),
        proto::PaymentMethod::Wallet => Ok(PaymentMethod::Wallet),
        proto::PaymentMethod::Cod => Ok(PaymentMethod::Cod),
    }
}
