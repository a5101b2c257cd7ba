//! Ports for programs that are killed and come back to the same one. Below those that systems lend to clients, so that
//! nobody takes one in between. `CHIMERA_STACK_PORT` is the first one, so that two machines' worth of stories fit on one.

use std::env;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 21_000;
/// How many there are.
const COUNT: u16 = 1_000;

static GIVEN: AtomicU16 = AtomicU16::new(0);

/// A port that is free and that nobody else here is given.
pub(crate) fn free() -> u16 {
    let first = env::var("CHIMERA_STACK_PORT").map_or(FIRST, |port| port.parse().unwrap());
    loop {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        assert!(given < COUNT, "no port of {COUNT} from {first} is free");
        let port = first + given;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
