//! An import into a shop of three nodes that are killed in turn: it ends as one that had everything to itself.
//!
//! The importing program is one more node of the shop. With every role it takes its share of the partitions while it is there;
//! with `queries,projector` it takes none, and every command goes to the nodes that serve. It always needs these two: it
//! compares the file with its own read model of the revenue.
//!
//! The file is a made-up one; `CHIMERA_STACK_RETAIL` is another, such as the real "Online Retail", and `CHIMERA_STACK_INVOICES`
//! how many of its invoices.

use std::env;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::kafka::Kafka;
use super::nodes::{Nodes, Pace};
use super::{Chaos, begin};
use crate::history::History;
use crate::program::{Said, end, run};
use crate::retail;

const INVOICES: u32 = 500;
/// A short import: some calm, so that it comes to its end on a busy machine too.
const SHORT: Pace = Pace { kill_to_kill: Duration::ZERO, calm: Duration::from_secs(3) };
/// A long one: every five seconds, or as soon as the node before is back.
const LONG: Pace = Pace { kill_to_kill: Duration::from_secs(5), calm: Duration::ZERO };

#[test]
fn an_import_whose_neighbours_are_killed_ends_as_one_on_an_embedded_log() {
    let Some(chaos) = begin() else { return };
    ends_as_embedded(&chaos, "import-of-all-roles", &[]);
}

#[test]
fn an_import_that_owns_nothing_ends_as_one_on_an_embedded_log() {
    let Some(chaos) = begin() else { return };
    ends_as_embedded(&chaos, "import-of-readers", &["--roles", "queries,projector"]);
}

#[expect(clippy::print_stderr, reason = "figures of a run")]
fn ends_as_embedded(chaos: &Chaos, name: &str, more: &[&str]) {
    let room = tempfile::tempdir().unwrap();
    let (arguments, pace) = import(chaos, room.path());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let alone = room.path().join("alone");
    reconciled(name, "alone", &run(&alone, &arguments));

    let kafka = Kafka::start(chaos, 1);
    let nodes = Nodes::ready(&kafka.clients(), name, 3);
    let import = nodes.beside(&[&arguments[..], more].concat());
    let import = thread::spawn(|| end(import));
    let kills = nodes.kill_in_turn(pace, || import.is_finished());
    reconciled(name, &format!("{kills} kills"), &import.join().unwrap());
    nodes.all_ready();
    let (found, expected) = (nodes.history(&kafka.clients()), History::of(&alone));
    found.must_be(&expected);
    eprintln!("{name}: {} events, {} aggregates, no difference", found.events, found.aggregates());
}

/// What the program is told, and at which pace nodes are killed meanwhile.
fn import(chaos: &Chaos, room: &Path) -> (Vec<String>, Pace) {
    let given = env::var("CHIMERA_STACK_RETAIL").ok();
    let pace = if given.is_some() { LONG } else { SHORT };
    let file = given.unwrap_or_else(|| {
        let file = room.join("retail.csv");
        fs::write(&file, retail::file(chaos.seed, INVOICES)).unwrap();
        file.to_str().unwrap().to_owned()
    });
    let mut arguments =
        ["import", "online-retail", &file, "--format", "json"].map(str::to_owned).to_vec();
    if let Ok(invoices) = env::var("CHIMERA_STACK_INVOICES") {
        arguments.extend(["--invoices".to_owned(), invoices]);
    }
    (arguments, pace)
}

#[track_caller]
#[expect(clippy::print_stderr, reason = "figures of a run")]
fn reconciled(name: &str, when: &str, said: &Said) {
    let report = said.json();
    assert_eq!(report["reconciled"], true, "{when}: {report:#}\n{}", said.err);
    let (rows, orders, millis) = (&report["rows"]["rows"], &report["orders"], &report["millis"]);
    eprintln!("{name}: {when}: {rows} rows, {orders} orders in {millis} ms, reconciled");
}
