//! The rules of the shop: aggregates, the processes between them, money and ids.
//!
//! Pure and synchronous: time, ids and looked-up prices arrive in the command or its context. Never any I/O, clock or randomness.

pub mod aggregate;
pub mod fulfilment;
pub mod ids;
pub mod money;
pub mod order;
pub mod payment;
pub mod product;
pub mod recorded;
pub mod settlement;
pub mod stock;
pub mod time;
