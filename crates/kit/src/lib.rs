//! What every service shares: problems, callers, idempotency keys, positions, pages, telemetry, life and death.
//!
//! Knows HTTP, gRPC and the engine's requests; never a particular aggregate, read model or adapter.

pub mod asked;
pub mod auth;
pub mod cause;
pub mod codes;
pub mod correlation;
pub mod cursor;
pub mod grpc;
pub mod health;
pub mod idempotency;
pub mod lifecycle;
pub mod metric_names;
pub mod money;
pub mod openapi;
pub mod params;
pub mod position;
pub mod prefer;
pub mod problem;
pub mod server;
pub mod telemetry;
pub mod warned;
