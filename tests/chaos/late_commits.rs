//! The request to commit a transaction, under way for so long that the next transaction of the same producer has begun.
//!
//! Its connection is cut before it arrives; the client asks again on a new one, is told that the transaction is committed,
//! and goes on. Then the first request arrives: producer and epoch are still the same, and Kafka commits what is open now.

use super::appender::{Appender, Wanted};
use super::begin;
use super::kafka::Kafka;
use super::ledger::Ledger;
use super::proxy::{Api, Fault, Proxy, Rule};
use crate::program::soon;

const RUNS: u64 = 4;
/// One command an append, so large that its records take several requests.
const LARGE: [&str; 7] = ["--again", "--commands", "1", "--events", "60", "--bytes", "100000"];

#[test]
fn a_commit_that_arrives_late_tears_no_command_of_the_next_transaction() {
    let Some(chaos) = begin() else { return };
    let kafka = Kafka::start(&chaos, 1);
    let proxy = Proxy::before(kafka.brokers[0].listens);
    let brokers = proxy.clients();
    chaos.runs("late", RUNS, |rng, prefix| {
        let mut ledger = Ledger::default();
        let id = format!("{prefix}.{prefix}.orders.0.{}", ["a", "b"][rng.usize(..2)]);
        let seed = rng.u64(..);
        let wanted = Wanted { brokers: &brokers, prefix, name: "w", seed, more: &LARGE };
        let appender = Appender::start(&wanted);
        appender.has_said("appended", rng.usize(1..10));
        proxy.rule(Rule::once(Api::EndTxn, Fault::Strand).of(&id));
        soon("a stranded commit", || (proxy.stranded() > 0).then_some(()));
        proxy.rule(Rule::once(Api::Produce, Fault::AfterStranded).of(&id).after(rng.usize(..3)));
        appender.says("appended", 8);
        proxy.deliver_stranded();
        appender.says("appended", 3);
        proxy.heal();
        ledger.hear(&appender.stop());
        ledger.is_in(&kafka.clients(), prefix, 1);
        ledger.report(&format!("{prefix}, answered {:?}", proxy.answered()));
    });
}
