//! Ports for programs that are killed and come back to the same one. Below those that systems lend to clients, so that
//! nobody takes one in between. Two runs beside each other need ports of their own: `CHIMERA_STACK_PORT` is the first.

use std::env;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 21_000;
const MANY: u16 = 1_000;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// A port that is free and that nobody else here is given.
pub(crate) fn free() -> u16 {
    let first = env::var("CHIMERA_STACK_PORT").map_or(FIRST, |first| first.parse().unwrap());
    loop {
        let taken = TAKEN.fetch_add(1, Ordering::Relaxed);
        assert!(taken < MANY, "no port of the {MANY} from {first} on is free");
        let port = first + taken;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
