//! Several processes on one Kafka share its partitions, and take over what one leaves.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod stack;

use std::time::Duration;

use chimera_log::{Bookmarks, EventLog, Owner, Ownership, Partition, StreamSpec};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_knows_who_has_claimed_and_where_he_is_reached() {
    let Some(stack) = stack::find() else { return };
    let settings = stack.fresh();
    let open = |address: &str| {
        let log = stack::open(KafkaSettings { advertised: address.into(), ..settings.clone() });
        log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 2 }]).unwrap();
        log
    };
    let (one, two) = (open("one:7070"), open("two:7070"));
    let place = Partition::new("orders", 1);
    for (log, address) in [(&one, "one:7070"), (&two, "two:7070"), (&one, "one:7070")] {
        let term = log.claim(&place).unwrap().term();
        for seen in [&one, &two] {
            let mut owners = seen.owners();
            let owner = Owner { address: address.into(), term };
            let told = owners.wait_for(|owners| owners.get(&place) == Some(&owner));
            tokio::time::timeout(Duration::from_secs(10), told).await.unwrap().unwrap();
        }
    }
    assert_eq!(open("three:7070").owners().borrow().get(&Partition::new("orders", 0)), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_told_whether_others_stay_and_is_given_nothing_any_more() {
    let Some(stack) = stack::find() else { return };
    let settings = KafkaSettings { membership: Some(Membership::default()), ..stack.fresh() };
    let streams = [StreamSpec { name: "orders".into(), partitions: 4 }];
    let one = stack::open(settings.clone());
    one.ensure_streams(&streams).unwrap();
    owns(&one, 4).await;
    let two = stack::open(settings);
    two.ensure_streams(&streams).unwrap();
    let theirs = owns(&two, 2).await;
    let ours = owns(&one, 2).await;
    assert!(ours.iter().all(|partition| one.still_given(partition)));
    assert!(theirs.iter().all(|partition| !one.still_given(partition)));
    assert!(one.leave(), "two stays");
    assert_eq!(*one.ownership().borrow(), Ownership::new());
    assert!(ours.iter().all(|partition| !one.still_given(partition)));
    owns(&two, 4).await;
    assert!(!two.leave(), "nobody is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bookmark_is_found_by_whoever_goes_on() {
    let Some(stack) = stack::find() else { return };
    let settings = stack.fresh();
    let open = || {
        let log = stack::open(settings.clone());
        log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 2 }]).unwrap();
        log.bookmarks()
    };
    let place = Partition::new("orders", 1);
    let bookmarks = open();
    assert_eq!(bookmarks.find("fulfilment", &place).await, Ok(0));
    for sequence in [7, 4_000_000_000] {
        bookmarks.keep("fulfilment", &place, sequence).await.unwrap();
        assert_eq!(open().find("fulfilment", &place).await, Ok(sequence));
    }
    assert_eq!(bookmarks.find("fulfilment", &Partition::new("orders", 0)).await, Ok(0));
    assert_eq!(bookmarks.find("payments", &place).await, Ok(0));
}
