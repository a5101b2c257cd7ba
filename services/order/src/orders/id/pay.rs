//! POST `/orders/{id}/pay`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chimera_domain::ids::OrderId;
use chimera_domain::order::{Command, PaymentMethod};
use chimera_kit::asked::Keyed;
use chimera_kit::params::Id;
use chimera_kit::position::header_of;
use chimera_kit::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::not_found;
use crate::body::payment_outcome;
use crate::outcome::{payment_is_settled, settled};
use crate::{Orders, asker, token};

/// How to pay. The token stands for the means of payment; a card number is refused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paying {
    /// CARD, UPI, `NET_BANKING`, WALLET or COD.
    #[schema(value_type = String, example = "CARD")]
    method: PaymentMethod,
    /// From the payment provider; not needed for COD. The simulator's tokens are in docs/payments.md.
    #[serde(default)]
    #[schema(example = "tok_approve")]
    token: Option<String>,
}

/// Where the payment stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentOutcome {
    order_id: String,
    #[schema(example = "PAID")]
    status: String,
    /// `IN_PROGRESS`, PAID or FAILED.
    #[schema(example = "PAID")]
    payment: &'static str,
    /// How many payments were tried; at most 5.
    attempts: i32,
    version: u64,
}

/// Pay an order
///
/// `Prefer: wait=10` waits for the outcome; without it, the timeline and the order tell it later.
#[utoipa::path(
    post, path = "/orders/{id}/pay", tag = "orders", request_body = Paying,
    params(
        ("id" = String, Path, description = "The order's id."),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: up to N seconds (at most 30) for the outcome.", example = "wait=10"),
    ),
    responses(
        (status = 200, body = PaymentOutcome, description = "The payment has succeeded or failed."),
        (status = 202, body = PaymentOutcome, description = "The payment is in progress."),
        (status = 404, description = "`order.not_found`"),
        (status = 409, description = "`order.wrong_status`, `order.not_confirmed`, `order.payment_in_progress`"),
        (status = 422, description = "`payment.card_number_refused`, `payment.token_invalid`"),
    )
)]
pub(crate) async fn pay(
    State(orders): State<Orders>,
    Id(order): Id<OrderId>,
    Keyed(mut asked): Keyed<Paying>,
) -> Result<(StatusCode, HeaderMap, Json<PaymentOutcome>), Problem> {
    let method = asked.body.method;
    let token = token::checked(method, asked.body.token.take())?;
    let by = asker(&asked.caller)?;
    let command = Command::RequestPayment { order: order.clone(), by, method, token };
    let (position, _) = orders.execute(&order, &asked, command).await?;
    let wait = asked.wait;
    let current =
        settled(&orders.commands, order.as_key(), wait.time(), payment_is_settled).await?;
    let placed = current.state.placed().ok_or_else(not_found)?;
    let payment = payment_outcome(placed);
    let code = if payment == "IN_PROGRESS" { StatusCode::ACCEPTED } else { StatusCode::OK };
    let (order_id, status) = (order.to_string(), placed.head.status.to_string());
    let (attempts, version) = (placed.attempts, current.version);
    let mut headers = HeaderMap::from_iter([header_of(&position)]);
    headers.extend(wait.applied());
    Ok((code, headers, Json(PaymentOutcome { order_id, status, payment, attempts, version })))
}
