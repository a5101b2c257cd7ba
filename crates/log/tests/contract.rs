//! The in-memory log keeps the contract, and so does a fault-injecting log that has no faults planned.

use std::sync::Arc;

use chimera_log::contract::{controls_keep_the_contract, keeps_the_contract};
use chimera_log::{
    EventLog, FaultPlan, FaultyLog, MemoryControl, MemoryLog, Partition, ReadError, StreamSpec,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_log_keeps_the_contract() {
    keeps_the_contract(|| Arc::new(MemoryLog::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_without_faults_keeps_the_contract() {
    let faultless = || FaultPlan::Seeded { seed: 1, per_mille: 0 };
    keeps_the_contract(|| Arc::new(FaultyLog::new(Arc::new(MemoryLog::new()), faultless()))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_log_in_memory_keeps_its_contract() {
    controls_keep_the_contract(|| Arc::new(MemoryControl::default())).await;
}

#[tokio::test]
async fn a_reader_learns_that_its_log_is_closed() {
    let log = MemoryLog::new();
    log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 1 }]).expect("created");
    let mut reader = log.read(&Partition::new("orders", 0), 1).expect("known");
    drop(log);
    assert_eq!(reader.next().await, Err(ReadError::Closed));
}
