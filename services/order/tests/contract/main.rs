//! One contract, two APIs: every story is told over REST and over gRPC in the same shop, and must be told the same.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

#[path = "../shop/mod.rs"]
mod shop;

mod calls;
mod client;
mod edge;
mod grpc;
mod messages;
mod orders;
mod products;
mod refusals;
mod rest;
mod shown;
mod stock;
mod teller;
mod watch;
