//! A network between writer and broker that delays, loses and cuts, and is whole again after a while.

use std::thread;
use std::time::Duration;

use fastrand::Rng;

use super::appender::{Appender, Wanted};
use super::begin;
use super::follower::Follower;
use super::kafka::Kafka;
use super::ledger::Ledger;
use super::proxy::{Api, Fault, Proxy, Rule};

const KINDS: u64 = 8;
/// Milliseconds; shorter and longer than a writer waits.
const BROKEN: std::ops::Range<u64> = 200..6_000;
const APIS: [Api; 3] = [Api::AddPartitionsToTxn, Api::Produce, Api::EndTxn];

#[test]
fn a_broken_network_costs_time_and_no_acknowledged_command() {
    let Some(chaos) = begin() else { return };
    let (kafka, mut ledger) = (Kafka::start(&chaos, 1), Ledger::default());
    let proxy = Proxy::before(kafka.brokers[0].listens);
    let (brokers, prefix) = (proxy.clients(), "networks");
    let wanted =
        Wanted { brokers: &brokers, prefix, name: "w", seed: chaos.seed, more: &["--again"] };
    let appender = Appender::start(&wanted);
    let follower = Follower::start(&brokers, prefix, kafka.replication());
    let mut kind = 0;
    chaos.runs("network", KINDS, |rng, _| {
        appender.has_said("appended", 1);
        appender.says("appended", rng.usize(1..40));
        break_it(&proxy, kind % KINDS, rng);
        kind += 1;
        appender.says("appended", 3);
        proxy.heal();
    });
    ledger.hear(&appender.stop());
    let last = ledger.is_in(&kafka.clients(), prefix, 1);
    let again = follower.reaches(last);
    ledger.report(&format!("broken networks, {again} times read again"));
}

/// One kind of fault; those that would last for ever are over when this returns.
fn break_it(proxy: &Proxy, kind: u64, rng: &mut Rng) {
    let while_broken = Duration::from_millis(rng.u64(BROKEN));
    let api = APIS[rng.usize(..APIS.len())];
    match kind {
        0 => proxy.cut(),
        1 => {
            let [requests, answers] = [(); 2].map(|()| Duration::from_millis(rng.u64(..150)));
            proxy.delay(requests, answers);
        }
        2 => {
            proxy.silence();
            thread::sleep(while_broken);
            proxy.heal();
        }
        3 => {
            proxy.refuse();
            proxy.cut();
            thread::sleep(while_broken);
            proxy.heal();
        }
        4 => proxy.rule(Rule::once(api, Fault::LoseAnswer)),
        5 => proxy.rule(Rule::once(api, Fault::SwallowAnswer)),
        6 => {
            // The commit is in doubt, and so is the claim that is to find out.
            proxy.rule(Rule::once(Api::EndTxn, Fault::SwallowAnswer));
            proxy.rule(Rule::once(Api::InitProducerId, Fault::LoseAnswer));
        }
        _ => {
            proxy.rule(Rule::once(api, Fault::HoldAnswer(while_broken)));
            proxy.rule(Rule::once(api, Fault::HoldRequest(while_broken)));
        }
    }
}
