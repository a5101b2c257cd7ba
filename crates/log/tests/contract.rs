//! The in-memory log keeps the contract, and so does a fault-injecting log that has no faults planned.

mod memory {
    use std::sync::Arc;

    use chimera_log::MemoryLog;

    chimera_log::contract_tests!(|| Arc::new(MemoryLog::new()));
}

mod faultless {
    use std::sync::Arc;

    use chimera_log::{FaultPlan, FaultyLog, MemoryLog};

    chimera_log::contract_tests!(|| Arc::new(FaultyLog::new(
        Arc::new(MemoryLog::new()),
        FaultPlan::Seeded { seed: 1, per_mille: 0 },
    )));
}

#[tokio::test]
async fn a_reader_learns_that_its_log_is_closed() {
    use chimera_log::{EventLog, MemoryLog, Partition, ReadError, StreamSpec};

    let log = MemoryLog::new();
    log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 1 }]).expect("created");
    let mut reader = log.read(&Partition::new("orders", 0), 1).expect("known");
    drop(log);
    assert_eq!(reader.next().await, Err(ReadError::Closed));
}
