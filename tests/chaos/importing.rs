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
use std::time::{Duration, Instant};

use super::kafka::Kafka;
use super::nodes::Nodes;
use super::{Chaos, begin};
use crate::history::History;
use crate::program::{Said, end, run};
use crate::retail;

const INVOICES: u32 = 500;
/// From one kill to the next; a short import is to have some as well.
const CALM: Duration = Duration::from_secs(3);
/// The same for a file that is not made up.
const LONG_CALM: Duration = Duration::from_secs(5);
/// Far longer than the import takes.
const MOST_KILLS: usize = 300;

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
    let (arguments, calm) = import(chaos, room.path());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let alone = room.path().join("alone");
    reconciled(name, "alone", &run(&alone, &arguments));

    let kafka = Kafka::start(chaos, 1);
    let nodes = Nodes::ready(&kafka.clients(), name, 3);
    let import = nodes.beside(&[&arguments[..], more].concat());
    let import = thread::spawn(|| end(import));
    let kills = kill_in_turn(&nodes, calm, || import.is_finished());
    reconciled(name, &format!("{kills} kills"), &import.join().unwrap());
    nodes.all_ready();
    let (found, expected) = (nodes.history(&kafka.clients()), History::of(&alone));
    found.must_be(&expected);
    eprintln!("{name}: {} events, {} aggregates, no difference", found.events, found.aggregates());
}

/// One after the other, at the same pace however long they take to come back; until it is over. How many were killed.
fn kill_in_turn(nodes: &Nodes, calm: Duration, is_over: impl Fn() -> bool) -> usize {
    thread::scope(|scope| {
        let (mut kills, mut next) = (0, Instant::now() + calm);
        for node in (0..nodes.count()).cycle() {
            thread::sleep(next.saturating_duration_since(Instant::now()));
            next += calm;
            if is_over() || kills == MOST_KILLS {
                break;
            }
            // One that has not come back yet is spared.
            if nodes.kill(node) {
                kills += 1;
                scope.spawn(move || nodes.start_again(node));
            }
        }
        kills
    })
}

/// What the program is told, and how long to wait from one kill to the next.
fn import(chaos: &Chaos, room: &Path) -> (Vec<String>, Duration) {
    let given = env::var("CHIMERA_STACK_RETAIL").ok();
    let calm = if given.is_some() { LONG_CALM } else { CALM };
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
    (arguments, calm)
}

#[track_caller]
#[expect(clippy::print_stderr, reason = "figures of a run")]
fn reconciled(name: &str, when: &str, said: &Said) {
    let report = said.json();
    assert_eq!(report["reconciled"], true, "{when}: {report:#}\n{}", said.err);
    let (rows, orders, millis) = (&report["rows"]["rows"], &report["orders"], &report["millis"]);
    eprintln!("{name}: {when}: {rows} rows, {orders} orders in {millis} ms, reconciled");
}
