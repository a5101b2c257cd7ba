//! The shop in one process: serve, demo, import, migrate, bench.
//!
//! The only service crate that knows adapters; `shop` wires them. Holds no rule of the business.

pub mod bench;
pub mod cli;
pub mod customer;
pub mod demo;
pub mod import;
pub mod migrate;
pub mod serve;
pub mod shop;
mod terminal;
