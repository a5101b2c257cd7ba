//! POST `/orders/{id}/pay`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chimera_domain::ids::OrderId;
use chimera_domain::order::{Command, PaymentMethod};
use chimera_engine::Position;
use chimera_kit::asked::{Asked, Keyed};
use chimera_kit::codes;
use chimera_kit::params::Id;
use chimera_kit::position::header_of;
use chimera_kit::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::not_found;
use crate::body::payment_outcome;
use crate::outcome::{payment_is_settled, settled};
use crate::{Orders, asker, token};

/// How to pay. The token stands for the means of payment; a card number is refused.
#[derive(Debug, PartialEq, ToSchema)]
pub(crate) struct Paying {
    /// CARD, UPI, `NET_BANKING`, WALLET or COD.
    #[schema(value_type = String, example = "CARD")]
    pub method: PaymentMethod,
    /// From the payment provider; not needed for COD. The simulator's tokens are in docs/payments.md.
    #[schema(example = "tok_approve")]
    pub token: Option<String>,
}

/// Where the payment stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentOutcome {
    pub order_id: String,
    #[schema(example = "PAID")]
    pub status: String,
    /// `IN_PROGRESS`, PAID or FAILED.
    #[schema(example = "PAID")]
    pub payment: &'static str,
    /// How many payments were tried; at most 5.
    pub attempts: i32,
    pub version: u64,
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
    Keyed(asked): Keyed<Value>,
) -> Result<(StatusCode, HeaderMap, Json<PaymentOutcome>), Problem> {
    let (body, asked) = asked.split();
    let wait = asked.wait;
    let (outcome, position) = orders.pay(&order, asked.with(Paying::read(body)?)).await?;
    let in_progress = outcome.payment == "IN_PROGRESS";
    let code = if in_progress { StatusCode::ACCEPTED } else { StatusCode::OK };
    let mut headers = HeaderMap::from_iter([header_of(&position)]);
    headers.extend(wait.applied());
    Ok((code, headers, Json(outcome)))
}

impl Orders {
    /// Pays an order. Where the payment stands, at once or after the wait, and the position that shows it.
    pub(crate) async fn pay(
        &self,
        order: &OrderId,
        asked: Asked<Paying>,
    ) -> Result<(PaymentOutcome, Position), Problem> {
        let (Paying { method, token }, asked) = asked.split();
        let token = token::checked(method, token)?;
        let by = asker(&asked.caller)?;
        let command = Command::RequestPayment { order: order.clone(), by, method, token };
        self.execute(order, &asked, command).await?;
        let wait = asked.wait.time();
        let current = settled(&self.commands, order.as_key(), wait, payment_is_settled).await?;
        let placed = current.state.placed().ok_or_else(not_found)?;
        let outcome = PaymentOutcome {
            order_id: order.to_string(),
            status: placed.head.status.to_string(),
            payment: payment_outcome(placed),
            attempts: placed.attempts,
            version: current.version,
        };
        Ok((outcome, current.position))
    }
}

impl Paying {
    /// Reads the body. Says what must be, never what was sent: that may be a card number in the wrong place.
    fn read(body: Value) -> Result<Self, Problem> {
        let wrong = |detail: &str| Problem::new(codes::REQUEST_INVALID, detail);
        let Value::Object(mut fields) = body else {
            return Err(wrong("send an object with method and token"));
        };
        let method = fields.remove("method").unwrap_or_default();
        let method = PaymentMethod::deserialize(method).map_err(|_| {
            wrong("method must be one of CARD, UPI, NET_BANKING, WALLET and COD").at("method")
        })?;
        let token = match fields.remove("token") {
            None | Some(Value::Null) => None,
            Some(Value::String(token)) => Some(token),
            Some(other) if token::holds_a_card_number(&other.to_string()) => {
                return Err(token::card_number_refused());
            }
            Some(_) => return Err(wrong("token must be a string").at("token")),
        };
        match fields.keys().next() {
            None => Ok(Self { method, token }),
            Some(name) => {
                let problem = wrong("only method and token are taken");
                let is_secret = token::holds_a_card_number(name);
                Err(if is_secret { problem } else { problem.at(name.as_str()) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_sent_in_the_wrong_place_is_not_repeated() {
        let number = "4111111111111111";
        let table = [
            (json!({"method": number, "token": "t"}), "request.invalid", Some("method")),
            (json!({"token": "t"}), "request.invalid", Some("method")),
            (
                json!({"method": "CARD", "token": 4_111_111_111_111_111_u64}),
                "payment.card_number_refused",
                Some("token"),
            ),
            (
                json!({"method": "CARD", "token": [number]}),
                "payment.card_number_refused",
                Some("token"),
            ),
            (json!({"method": "CARD", "token": 4_111_u64}), "request.invalid", Some("token")),
            (
                json!({"method": "CARD", "token": "t", "pan": number}),
                "request.invalid",
                Some("pan"),
            ),
            (json!({"method": "CARD", number: "t"}), "request.invalid", None),
            (json!(number), "request.invalid", None),
            (json!(4_111_111_111_111_111_u64), "request.invalid", None),
        ];
        for (body, code, field) in table {
            let problem = Paying::read(body).unwrap_err();
            assert_eq!((problem.code(), problem.field()), (code, field));
            assert!(!format!("{problem:?}").contains("4111"), "{problem:?}");
        }
    }

    #[test]
    fn a_token_may_be_left_out() {
        let paying = Paying { method: PaymentMethod::Cod, token: None };
        assert_eq!(Paying::read(json!({"method": "COD"})), Ok(paying));
    }
}
