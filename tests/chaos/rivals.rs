//! Two processes that both believe that a partition is theirs, and claim it from each other without end.

use super::appender::{Appender, Wanted};
use super::begin;
use super::kafka::Kafka;
use super::ledger::Ledger;
use crate::program::soon;

const RUNS: u64 = 3;
/// How often the partition changes hands in a run.
const CLAIMS: usize = 8;

#[test]
fn two_that_claim_from_each_other_lose_nothing_and_never_stop_for_ever() {
    let Some(chaos) = begin() else { return };
    let kafka = Kafka::start(&chaos, 1);
    let brokers = kafka.clients();
    chaos.runs("rivals", RUNS, |rng, prefix| {
        let mut ledger = Ledger::default();
        let both = ["one", "two"].map(|name| {
            let (seed, more) = (rng.u64(..), &["--again"]);
            Appender::start(&Wanted { brokers: &brokers, prefix, name, seed, more })
        });
        let counted = |kind| both.iter().map(|rival| rival.count(kind)).sum::<usize>();
        soon("claims", || (counted("claimed") >= CLAIMS).then_some(()));
        let before = counted("appended");
        soon("an append of rivals", || (counted("appended") > before).then_some(()));
        for rival in both {
            ledger.hear(&rival.stop());
        }
        ledger.is_in(&brokers, prefix, 1);
        ledger.report(prefix);
    });
}
