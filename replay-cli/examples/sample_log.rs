//! Writes a log of many small shops, to try `replay` on: `cargo run --release -p chimera-replay --example sample_log DIR EVENTS`.

#[path = "../tests/support/shops.rs"]
mod shops;

use std::error::Error;
use std::path::PathBuf;

use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};

/// How many events are held in memory and appended at once.
const AT_ONCE: usize = 50_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().ok_or("name a directory")?);
    let events: usize = arguments.next().ok_or("say how many events")?.parse()?;
    let log = EmbeddedLog::open(dir.join("log"), EmbeddedLogOptions::default())?;
    let mut street = shops::Street::default();
    let mut written = 0;
    while written < events {
        let mut changes = Vec::new();
        while changes.len() < AT_ONCE.min(events - written) {
            changes.extend(street.next_shop());
        }
        shops::append(&log, &changes, 1000)?;
        written += changes.len();
    }
    Ok(())
}
