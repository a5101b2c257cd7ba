//! Payments: the port to a gateway, a simulator behind it, and the process that settles orders.
//!
//! A gateway is asked at least once, with the payment id as its idempotency key; what it has not answered stays unknown.
//! Never sees a card number, only tokens.

mod gateway;
mod settlement_process;
pub mod simulated;

pub use gateway::{GatewayError, PaymentGateway};
pub use settlement_process::{OrderSettlement, PaymentSettlement, Settlement};
pub use simulated::SimulatedGateway;
