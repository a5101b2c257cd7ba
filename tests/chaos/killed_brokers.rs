//! A broker that is killed under a writer, and comes back.

use std::thread;
use std::time::Duration;

use super::appender::{Appender, Wanted};
use super::begin;
use super::follower::Follower;
use super::kafka::Kafka;
use super::ledger::Ledger;

const KILLS: u64 = 4;
/// Longer than an append takes, so that a kill falls anywhere in one.
const APPEND: u64 = 6_000;
/// How long the broker is away, besides the time that it takes to start.
const AWAY: u64 = 3_000;

#[test]
fn a_broker_killed_inside_a_commit_takes_nothing_acknowledged_with_it() {
    let Some(chaos) = begin() else { return };
    let (mut kafka, mut ledger) = (Kafka::start(&chaos, 1), Ledger::default());
    let (brokers, prefix) = (kafka.clients(), "killed-brokers");
    let wanted =
        Wanted { brokers: &brokers, prefix, name: "w", seed: chaos.seed, more: &["--again"] };
    let appender = Appender::start(&wanted);
    let follower = Follower::start(&brokers, prefix, kafka.replication());
    chaos.runs("killed-broker", KILLS, |rng, _| {
        appender.has_said("appended", 1);
        appender.says("appended", rng.usize(1..60));
        thread::sleep(Duration::from_micros(rng.u64(..APPEND)));
        kafka.brokers[0].kill();
        thread::sleep(Duration::from_millis(rng.u64(..AWAY)));
        kafka.brokers[0].start();
        kafka.brokers[0].wait();
        appender.says("appended", 3);
    });
    ledger.hear(&appender.stop());
    let last = ledger.is_in(&brokers, prefix, 1);
    let again = follower.reaches(last);
    ledger.report(&format!("killed brokers, {again} times read again"));
}
