//! The port to a payment gateway.

use async_trait::async_trait;
use chimera_domain::money::Money;
use chimera_domain::payment::Charge;
use chimera_domain::settlement::GatewayAnswer;

/// Takes money and gives it back. Called again with the same payment id until it answers: the id is its idempotency key,
/// and it must give the same answer every time.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Takes the money of one attempt.
    ///
    /// # Errors
    /// [`GatewayError`]: the outcome is unknown; ask again.
    async fn charge(&self, charge: &Charge) -> Result<GatewayAnswer, GatewayError>;

    /// Gives back the money that an attempt took.
    ///
    /// # Errors
    /// [`GatewayError`]: the outcome is unknown; ask again.
    async fn refund(&self, payment_id: &str, money: Money) -> Result<GatewayAnswer, GatewayError>;
}

/// Why a gateway has not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// It took too long; the money may have been taken.
    #[error("the gateway did not answer in time")]
    Timeout,
    /// It cannot be reached.
    #[error("the gateway is unavailable")]
    Unavailable,
}
