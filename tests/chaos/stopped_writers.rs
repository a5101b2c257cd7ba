//! Writers that hang until another has taken over, and then go on as if nothing had happened.

use std::thread;
use std::time::Duration;

use super::appender::{Appender, Wanted};
use super::begin;
use super::kafka::Kafka;
use super::ledger::Ledger;

const STOPS: u64 = 4;
/// Longer than an append takes, so that a stop falls anywhere in one.
const APPEND: u64 = 6_000;

#[test]
fn a_writer_that_hangs_past_its_successor_writes_nothing_more() {
    let Some(chaos) = begin() else { return };
    let (kafka, mut ledger) = (Kafka::start(&chaos, 1), Ledger::default());
    let (brokers, prefix) = (kafka.clients(), "stopped-writers");
    chaos.runs("stopped", STOPS, |rng, name| {
        let start = |name: &str, seed| {
            Appender::start(&Wanted { brokers: &brokers, prefix, name, seed, more: &[] })
        };
        let older = start(&format!("{name}-older"), rng.u64(..));
        older.has_said("appended", rng.usize(1..40));
        thread::sleep(Duration::from_micros(rng.u64(..APPEND)));
        older.signal("STOP");
        let newer = start(&format!("{name}-newer"), rng.u64(..));
        newer.has_said("appended", 5);
        older.signal("CONT");
        // It ends because it is refused; the ledger finds whatever it wrote all the same.
        ledger.hear(&older.ended());
        newer.says("appended", 5);
        ledger.hear(&newer.stop());
    });
    ledger.is_in(&brokers, prefix, 1);
    ledger.report("stopped writers");
}
