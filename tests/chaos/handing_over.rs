//! A node that is told to end under load gives its partitions to the others without a command that fails.

use std::thread;
use std::time::{Duration, Instant};

use super::begin;
use super::kafka::Kafka;
use super::load::{self, Accepted, Client, PARTITIONS};
use super::nodes::Nodes;
use crate::program::soon;

const LEAVING: usize = 0;
/// Before and after the hand-over.
const CALM: Duration = Duration::from_secs(2);
/// What the product promises of a partition that is handed over.
const TARGET: Duration = Duration::from_millis(300);
/// A build for tests may need so many times as long, with three nodes, a broker and the clients on two cores.
const SLOWER: u32 = if cfg!(debug_assertions) { 3 } else { 1 };

#[test]
fn a_node_that_is_told_to_end_fails_no_command() {
    let Some(chaos) = begin() else { return };
    let kafka = Kafka::start(&chaos, 1);
    hand_over(&kafka, "leaving", &[]);
}

#[test]
fn a_node_that_is_told_to_end_fails_no_command_where_others_follow_it() {
    let Some(chaos) = begin() else { return };
    let kafka = Kafka::start(&chaos, 1);
    hand_over(&kafka, "leaving-standby", &["--standby", "12"]);
}

#[expect(clippy::print_stderr, reason = "a figure of a run")]
fn hand_over(kafka: &Kafka, name: &str, more: &[&str]) {
    let nodes = Nodes::told(&kafka.clients(), name, &[more; 3]);
    load::introduce(&nodes);
    // The last to start is given its share a moment after it is ready.
    let owned = soon("a share for the node that will leave", || {
        let partitions = (0..PARTITIONS).map(load::partition);
        let owned: Vec<bool> = partitions.map(|of| nodes.owner(&of) == LEAVING).collect();
        owned.contains(&true).then_some(owned)
    });
    let mut clients = Vec::new();
    for index in 0..PARTITIONS {
        clients.push(Client { nodes: &nodes, index, node: LEAVING, other: 1, insists: false });
        clients.push(Client { nodes: &nodes, index, node: 2, other: 1, insists: false });
    }
    let mut told = Instant::now();
    let accepted = load::under_load(&clients, || {
        thread::sleep(CALM);
        told = Instant::now();
        nodes.signal(LEAVING, "TERM");
        nodes.ends(LEAVING);
        eprintln!("{name}: the node has ended after {:?}", told.elapsed());
        thread::sleep(CALM);
    });
    judge(name, &accepted, &owned, told);
    drop(clients);
    nodes.start_again(LEAVING);
    nodes.all_ready();
    load::is_in(&nodes.history(&kafka.clients()), &accepted);
}

/// Whether each partition was silent for as short as is promised. That no command failed, the clients have seen.
#[expect(clippy::print_stderr, reason = "figures of a run")]
fn judge(name: &str, accepted: &Accepted, owned: &[bool], told: Instant) {
    // What the machine alone makes of a silence: nothing happens to the partitions of others.
    let (mut busy, mut handed_over) = (Duration::ZERO, Duration::ZERO);
    for ((index, accepted), owned) in accepted.iter().zip(owned) {
        let (count, silence) = (accepted.len(), load::longest_silence(accepted, told));
        let wait = load::longest_wait(accepted, told);
        let whose = if *owned { "handed over" } else { "of others" };
        eprintln!(
            "{name}: partition {index} {whose}: {count} commands, none failed; longest silence {silence:?}, longest wait for an answer {wait:?}"
        );
        let longest = if *owned { &mut handed_over } else { &mut busy };
        *longest = silence.max(*longest);
    }
    assert!(busy < TARGET * SLOWER, "{name}: {busy:?} in a partition of others");
    let most = TARGET * SLOWER + busy;
    assert!(handed_over < most, "{name}: {handed_over:?} in a partition handed over");
}
