//! Runs the rules one after the other, so that one broken rule hides no other, and names those that are broken.

use std::any::type_name_of_val;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use super::Log;

/// How to make a fresh log, and the names of the rules that were broken on one.
pub(super) struct Rules<M> {
    make: M,
    broken: Vec<&'static str>,
}

impl<M: Fn() -> Log> Rules<M> {
    pub(super) fn on(make: M) -> Self {
        Self { make, broken: Vec::new() }
    }

    /// Runs the rule on a fresh log.
    pub(super) async fn check<F: Future<Output = ()>>(&mut self, rule: impl Fn(Log) -> F) {
        let name = type_name_of_val(&rule);
        if !holds(rule((self.make)())).await {
            self.broken.push(name.rsplit("::").next().unwrap_or(name));
        }
    }

    /// Fails unless every rule checked was kept, and names those that were not.
    pub(super) fn are_kept(self) {
        let broken = self.broken;
        assert!(broken.is_empty(), "the contract is not kept: {}", broken.join(", "));
    }
}

/// Whether it ends without panicking; what broke it is in the output of the test.
pub(super) async fn holds(rule: impl Future<Output = ()>) -> bool {
    let mut rule = pin!(rule);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| rule.as_mut().poll(context)));
        polled.map_or(Poll::Ready(false), |polled| polled.map(|()| true))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryLog;
    use std::sync::Arc;

    fn fresh() -> Log {
        Arc::new(MemoryLog::new())
    }

    async fn a_kept_rule(_: Log) {}

    async fn a_rule_that_is_broken_late(_: Log) {
        tokio::task::yield_now().await;
        panic!("on purpose");
    }

    async fn a_rule_that_is_broken_at_once(_: Log) {
        panic!("on purpose");
    }

    #[tokio::test]
    async fn kept_rules_pass() {
        let mut rules = Rules::on(fresh);
        rules.check(a_kept_rule).await;
        rules.are_kept();
    }

    #[tokio::test]
    #[should_panic(
        expected = "not kept: a_rule_that_is_broken_late, a_rule_that_is_broken_at_once"
    )]
    async fn every_broken_rule_is_named_and_no_other() {
        let mut rules = Rules::on(fresh);
        rules.check(a_rule_that_is_broken_late).await;
        rules.check(a_kept_rule).await;
        rules.check(a_rule_that_is_broken_at_once).await;
        rules.are_kept();
    }
}
