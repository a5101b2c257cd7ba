//! A node that is told to end under load gives its partitions to the others without a command that fails.

use std::thread;
use std::time::{Duration, Instant};

use super::begin;
use super::kafka::Kafka;
use super::load::{self, Client, PARTITIONS};
use super::nodes::Nodes;
use crate::program::soon;

const LEAVING: usize = 0;
/// Before and after the hand-over.
const CALM: Duration = Duration::from_secs(2);
/// Of a busy machine; an idle one needs a tenth of it.
const LONGEST: Duration = Duration::from_secs(5);

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

#[expect(clippy::print_stderr, reason = "figures of a run")]
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
    for (index, accepted) in &accepted {
        let silence = load::longest_silence(accepted, told);
        let whose = if owned[*index as usize] { "handed over" } else { "of others" };
        let count = accepted.len();
        eprintln!(
            "{name}: partition {index} {whose}: {count} commands, longest silence {silence:?}"
        );
        assert!(silence < LONGEST, "{name}: {silence:?} in partition {index}");
    }
    drop(clients);
    nodes.start_again(LEAVING);
    nodes.all_ready();
    load::is_in(&nodes.history(&kafka.clients()), &accepted);
}
