//! The rules that every store keeps, one suite for each port: an adapter's tests call [`rows::keeps_the_contract`],
//! [`kv::keeps_the_contract`] and [`search::keeps_the_contract`].
//!
//! Knows only the ports. A rule is one function that takes a fresh store and fails by panicking, and one line in its suite.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unnecessary_wraps,
    reason = "these are the bodies of tests"
)]

pub mod kv;
pub mod proxy;
pub mod rows;
mod rules;
pub mod search;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::view::{Checkpoint, View};

const VIEW: View = View::new("contract", 1);

fn checkpoint(partition: u32, sequence: u64) -> Checkpoint {
    Checkpoint { stream: "ecommerce.order.order".into(), partition, sequence }
}

/// A value of the strategy; the same in every run.
fn some<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}
