//! The log on Kafka keeps the contract. Needs a broker: set `CHIMERA_STACK=1`, and `CHIMERA_STACK_KAFKA` if it is not here.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod stack;

use std::sync::Arc;

use chimera_log::contract::{Log, keeps_all_when_reopened, keeps_the_contract};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_is_kept() {
    let Some(stack) = stack::find() else { return };
    keeps_the_contract(|| Arc::new(stack::open(stack.fresh()))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_there_after_reopening() {
    let Some(stack) = stack::find() else { return };
    let settings = stack.fresh();
    let open = || -> Log { Arc::new(stack::open(settings.clone())) };
    keeps_all_when_reopened(open(), |log| {
        drop(log);
        open()
    })
    .await;
}
