//! Read models in their real stores: filled by the real programs, killed with them and without them, and each time judged by
//! `replay verify`, which compares them row by row with embedded stores that it fills anew from the log.
//!
//! Needs `CHIMERA_STACK=1` and `deploy/native/services up`; the stores' processes are killed on purpose:
//! `CHIMERA_STACK_DIR` and the services' ports say which. `CHIMERA_STACK_RUNS=10` makes ten times as many runs;
//! `CHIMERA_STACK_SEED` begins with another seed. `CHIMERA_STACK_RETAIL` is the real "Online Retail" file to import.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a run says its seed, or that it is left out"
)]
#![allow(dead_code, reason = "what is shared with the other stories is not all needed here")]

mod by_hand;
mod cluster_shop;
mod cql;
mod disasters;
mod importing;
mod killed_nodes;
mod killed_rebuilds;
mod killed_stores;
mod killed_workers;
mod lost_cluster;
mod lost_registry;
mod places;
mod promoting;
mod rebuilding;
mod resp;
mod services;
mod shop;
mod verifying;

#[path = "../stories/book.rs"]
mod book;
#[path = "../stories/history.rs"]
mod history;
#[path = "../stories/http.rs"]
mod http;
#[path = "../chaos/nodes.rs"]
mod nodes;
#[path = "../chaos/ports.rs"]
mod ports;
#[path = "../stories/program.rs"]
mod program;
#[path = "../stories/retail.rs"]
mod retail;
#[path = "../stories/serving.rs"]
mod serving;

use std::env;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One at a time: they kill what the others need.
static ONE: Mutex<()> = Mutex::new(());

/// The turn of one story, or none without the real services.
fn turn(story: &str) -> Option<MutexGuard<'static, ()>> {
    if env::var("CHIMERA_STACK").is_ok() {
        return Some(ONE.lock().unwrap_or_else(PoisonError::into_inner));
    }
    eprintln!("left out: {story} needs CHIMERA_STACK=1 and real stores");
    None
}

/// The seeds of so many runs, or as many times more as was asked for.
fn seeds(runs: u64) -> impl Iterator<Item = u64> {
    let number =
        |name: &str, usual: u64| env::var(name).map_or(usual, |text| text.parse().unwrap());
    let first = number("CHIMERA_STACK_SEED", 1);
    first..first + runs * number("CHIMERA_STACK_RUNS", 1)
}
