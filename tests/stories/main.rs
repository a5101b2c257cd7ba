//! Black-box stories: the real programs, run, killed, damaged and restarted on real directories and real brokers, and judged by
//! what they leave.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod book;
mod calling;
mod damage;
mod demo;
mod grpcurl;
mod history;
mod http;
mod importing;
mod inspecting;
mod killed_imports;
mod killed_rebuilds;
mod killed_shops;
mod operating;
mod poison;
mod program;
mod refusals;
mod retail;
mod runbook;
mod serving;
mod shop;
