//! Writers that are killed at any moment of an append, and the next that takes over.

use std::thread;
use std::time::Duration;

use super::appender::{Appender, Wanted};
use super::begin;
use super::kafka::Kafka;
use super::ledger::Ledger;

const KILLS: u64 = 6;
/// Longer than an append takes, so that a kill falls anywhere in one.
const APPEND: u64 = 6_000;

#[test]
fn a_writer_killed_inside_a_commit_loses_nothing_that_it_acknowledged() {
    let Some(chaos) = begin() else { return };
    let (kafka, mut ledger) = (Kafka::start(&chaos, 1), Ledger::default());
    let (brokers, prefix) = (kafka.clients(), "killed-writers");
    chaos.runs("killed", KILLS, |rng, name| {
        let seed = rng.u64(..);
        let wanted = Wanted { brokers: &brokers, prefix, name, seed, more: &[] };
        let appender = Appender::start(&wanted);
        appender.has_said("appended", rng.usize(1..80));
        thread::sleep(Duration::from_micros(rng.u64(..APPEND)));
        ledger.hear(&appender.kill());
    });
    ledger.is_in(&brokers, prefix, 1);
    ledger.report("killed writers");
}
