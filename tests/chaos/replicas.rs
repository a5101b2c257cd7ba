//! Three brokers with a replica each, two of which must have a record before it is acknowledged.

use std::time::{Duration, Instant};

use super::appender::{Appender, Wanted};
use super::begin;
use super::follower::Follower;
use super::kafka::Kafka;
use super::ledger::Ledger;

const KILLS: u64 = 4;

#[test]
fn with_three_brokers_one_may_be_killed_and_appends_go_on_without_a_loss() {
    let Some(chaos) = begin() else { return };
    let (mut kafka, mut ledger) = (Kafka::start(&chaos, 3), Ledger::default());
    let (brokers, prefix) = (kafka.clients(), "replicas");
    let more = ["--again", "--replication", "3"];
    let wanted = Wanted { brokers: &brokers, prefix, name: "w", seed: chaos.seed, more: &more };
    let appender = Appender::start(&wanted);
    let follower = Follower::start(&brokers, prefix, kafka.replication());
    let mut longest = Duration::ZERO;
    chaos.runs("replicas", KILLS, |rng, _| {
        appender.has_said("appended", 1);
        appender.says("appended", rng.usize(1..60));
        let broker = rng.usize(..kafka.brokers.len());
        kafka.brokers[broker].kill();
        // With the other two alone.
        let killed = Instant::now();
        appender.says("appended", 2);
        longest = longest.max(killed.elapsed());
        appender.says("appended", 20);
        kafka.brokers[broker].start();
        kafka.brokers[broker].wait();
    });
    appender.says("appended", 20);
    ledger.hear(&appender.stop());
    let last = ledger.is_in(&brokers, prefix, kafka.replication());
    let again = follower.reaches(last);
    ledger.report(&format!(
        "three brokers, at most {longest:?} without an append, {again} times read again"
    ));
}
