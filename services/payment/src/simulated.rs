//! A gateway that takes no money: what it answers is said by the token. The tokens are described in docs/payments.md.
//!
//! Answers and references follow from payment id and token alone, so they are the same after a restart; only how often a call
//! has failed before is kept in memory. Always answers at once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use chimera_domain::money::Money;
use chimera_domain::order::PaymentMethod;
use chimera_domain::payment::Charge;
use chimera_domain::settlement::GatewayAnswer;

use crate::{GatewayError, PaymentGateway};

/// Approved.
pub const APPROVE: &str = "tok_approve";
/// Declined: `card_declined`.
pub const DECLINE: &str = "tok_decline";
/// Declined: `insufficient_funds`.
pub const DECLINE_INSUFFICIENT_FUNDS: &str = "tok_decline_insufficient_funds";
/// Takes the money, but the first call of each payment times out; the repeat says that it was taken.
pub const TIMEOUT: &str = "tok_timeout";
/// Unavailable for the first two calls of each payment, then approved.
pub const FLAKY: &str = "tok_flaky";

/// The simulator.
#[derive(Debug, Default)]
pub struct SimulatedGateway {
    /// How many calls of a payment have failed on purpose.
    failed: Mutex<HashMap<String, u32>>,
}

impl SimulatedGateway {
    /// Fails the first `times` calls of a payment.
    fn fails(&self, payment_id: &str, times: u32) -> bool {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failed.entry(payment_id.to_owned()).or_default();
        if *count < times {
            *count += 1;
            return true;
        }
        failed.remove(payment_id);
        false
    }
}

#[async_trait]
impl PaymentGateway for SimulatedGateway {
    async fn charge(&self, charge: &Charge) -> Result<GatewayAnswer, GatewayError> {
        let approved = Ok(approved("sim", &charge.payment_id));
        if charge.method == PaymentMethod::Cod {
            return approved;
        }
        match charge.token.as_str() {
            DECLINE => Ok(declined("card_declined")),
            DECLINE_INSUFFICIENT_FUNDS => Ok(declined("insufficient_funds")),
            TIMEOUT if self.fails(&charge.payment_id, 1) => Err(GatewayError::Timeout),
            FLAKY if self.fails(&charge.payment_id, 2) => Err(GatewayError::Unavailable),
            APPROVE | TIMEOUT | FLAKY => approved,
            _ => Ok(declined("unknown_token")),
        }
    }

    async fn refund(&self, payment_id: &str, _: Money) -> Result<GatewayAnswer, GatewayError> {
        Ok(approved("sim-refund", payment_id))
    }
}

fn approved(kind: &str, payment_id: &str) -> GatewayAnswer {
    GatewayAnswer::Approved { reference: format!("{kind}-{payment_id}") }
}

fn declined(reason: &str) -> GatewayAnswer {
    GatewayAnswer::Declined { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use chimera_domain::money::{Amount, Currency};

    use super::*;

    fn charge(method: PaymentMethod, token: &str) -> Charge {
        let money = Money { amount: Amount::from_ten_thousandths(10_000), currency: Currency::GBP };
        Charge { payment_id: "o-1-1".into(), money, method, token: token.into() }
    }

    async fn asked(gateway: &SimulatedGateway, token: &str) -> Result<GatewayAnswer, GatewayError> {
        gateway.charge(&charge(PaymentMethod::Card, token)).await
    }

    #[tokio::test]
    async fn each_token_is_answered_as_it_says() {
        let gateway = SimulatedGateway::default();
        let table = [
            (APPROVE, approved("sim", "o-1-1")),
            (DECLINE, declined("card_declined")),
            (DECLINE_INSUFFICIENT_FUNDS, declined("insufficient_funds")),
            ("tok_whatever", declined("unknown_token")),
        ];
        for (token, answer) in table {
            assert_eq!(asked(&gateway, token).await, Ok(answer.clone()), "{token}");
            let after_a_restart = SimulatedGateway::default();
            assert_eq!(asked(&after_a_restart, token).await, Ok(answer), "{token}");
        }
    }

    #[tokio::test]
    async fn money_that_was_taken_during_a_timeout_is_reported_by_the_repeat() {
        let gateway = SimulatedGateway::default();
        assert_eq!(asked(&gateway, TIMEOUT).await, Err(GatewayError::Timeout));
        assert_eq!(asked(&gateway, TIMEOUT).await, Ok(approved("sim", "o-1-1")));
    }

    #[tokio::test]
    async fn a_flaky_gateway_answers_the_third_call() {
        let gateway = SimulatedGateway::default();
        for _ in 0..2 {
            assert_eq!(asked(&gateway, FLAKY).await, Err(GatewayError::Unavailable));
        }
        assert_eq!(asked(&gateway, FLAKY).await, Ok(approved("sim", "o-1-1")));
    }

    #[tokio::test]
    async fn cash_is_always_taken() {
        let answer = SimulatedGateway::default().charge(&charge(PaymentMethod::Cod, "")).await;
        assert_eq!(answer, Ok(approved("sim", "o-1-1")));
    }
}
