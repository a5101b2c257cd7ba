//! An import into a shop of three nodes that are killed in turn: it ends as one that had everything to itself.
//!
//! The importing program is one more node of the shop. With every role it takes its share of the partitions while it is there;
//! with `queries,projector` it takes none, and every command goes to the nodes that serve. It always needs these two: it
//! compares the file with its own read model of the revenue.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::kafka::Kafka;
use super::nodes::Nodes;
use super::{Chaos, begin};
use crate::history::History;
use crate::program::{Said, end, run};
use crate::retail;

const INVOICES: u32 = 500;
/// Between two kills.
const CALM: Duration = Duration::from_secs(3);
/// Far longer than the import takes.
const MOST_KILLS: usize = 60;

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

fn ends_as_embedded(chaos: &Chaos, name: &str, more: &[&str]) {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("retail.csv");
    fs::write(&file, retail::file(chaos.seed, INVOICES)).unwrap();
    let arguments = import_of(&file);
    let calm = room.path().join("calm");
    reconciled(name, "alone", &run(&calm, &arguments));

    let kafka = Kafka::start(chaos, 1);
    let nodes = Nodes::ready(&kafka.clients(), name, 3);
    let import = nodes.beside(&[&arguments[..], more].concat());
    let import = thread::spawn(|| end(import));
    let mut kills = 0;
    while !import.is_finished() && kills < MOST_KILLS {
        thread::sleep(CALM);
        nodes.kill_and_start(kills % nodes.count());
        kills += 1;
    }
    reconciled(name, &format!("{kills} kills"), &import.join().unwrap());
    nodes.all_ready();
    nodes.history(&kafka.clients()).must_be(&History::of(&calm));
}

fn import_of(file: &Path) -> [&str; 5] {
    ["import", "online-retail", file.to_str().unwrap(), "--format", "json"]
}

#[track_caller]
#[expect(clippy::print_stderr, reason = "figures of a run")]
fn reconciled(name: &str, when: &str, said: &Said) {
    let report = said.json();
    assert_eq!(report["reconciled"], true, "{when}: {report:#}\n{}", said.err);
    let (orders, millis) = (&report["orders"], &report["millis"]);
    eprintln!("{name}: {when}: {orders} orders in {millis} ms, reconciled");
}
