//! Several processes on one Kafka share its partitions, and take over what one leaves.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod stack;

use std::time::Duration;

use chimera_log::{EventLog, Ownership, StreamSpec};
use chimera_log_kafka::{KafkaLog, KafkaSettings, Membership};

async fn owns(log: &KafkaLog, partitions: usize) -> Ownership {
    let mut ownership = log.ownership();
    let owned = ownership.wait_for(|owned| owned.len() == partitions);
    tokio::time::timeout(Duration::from_secs(30), owned).await.unwrap().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_are_shared_and_taken_over() {
    let Some(stack) = stack::find() else { return };
    let membership = Some(Membership::default());
    let settings = KafkaSettings { membership, ..stack.fresh() };
    let one = stack::open(settings.clone());
    let streams = [("carts", 4), ("orders", 4)]
        .map(|(name, partitions)| StreamSpec { name: name.into(), partitions });
    one.ensure_streams(&streams).unwrap();
    let all = owns(&one, 8).await;
    let two = stack::open(settings);
    two.ensure_streams(&streams).unwrap();
    let theirs = owns(&two, 4).await;
    let ours = owns(&one, 4).await;
    assert!(ours.is_disjoint(&theirs));
    assert_eq!(&ours | &theirs, all);
    // The same index of every stream goes to the same process.
    assert!(
        ours.iter().all(|partition| !theirs.iter().any(|other| other.index == partition.index))
    );
    drop(one);
    assert_eq!(owns(&two, 8).await, all);
}
