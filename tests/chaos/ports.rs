//! Ports for programs that are killed and come back to the same one. Below those that systems lend to clients, so that
//! nobody takes one in between.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 21_000;
const LAST: u16 = 21_999;

static NEXT: AtomicU16 = AtomicU16::new(FIRST);

/// A port that is free and that nobody else here is given.
pub(crate) fn free() -> u16 {
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(port <= LAST, "no port from {FIRST} to {LAST} is free");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
