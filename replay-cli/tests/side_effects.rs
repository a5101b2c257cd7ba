//! A replay fires nothing: whatever could charge a card, send a mail or decide for a shop is not in the program.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chimera_domain::{order, payment};
use chimera_model::Change;
use support::{data_with, history, replay_well};

/// Where processes, gateways, shards and their way to other nodes are.
const ACTING: [&str; 8] = [
    "chimera-engine",
    "chimera-kit",
    "chimera-order",
    "chimera-payment",
    "chimera-inventory",
    "chimera-product",
    "chimera-peers",
    "chimera",
];

/// The crates of this workspace that are linked into a package, and where they lie.
fn linked(package: &str) -> BTreeMap<String, PathBuf> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix", "none", "--edges", "normal", "--package", package])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let of = |line: &str| {
        let (name, rest) = line.split_once(' ')?;
        let (_, path) = rest.split_once("(/")?;
        Some((name.to_owned(), PathBuf::from(format!("/{}", path.split(')').next()?))))
    };
    text.lines().filter_map(of).collect()
}

#[test]
fn no_crate_that_acts_is_linked_into_replay() {
    let names = |package: &str| linked(package).into_keys().collect::<BTreeSet<_>>();
    let (replay, shop) = (names("chimera-replay"), names("chimera"));
    assert!(replay.contains("chimera-worker") && replay.contains("chimera-log-embedded"));
    for acting in ACTING {
        assert!(shop.contains(acting), "the shop acts by {acting}");
        assert!(!replay.contains(acting), "{acting} is linked into replay");
    }
}

/// The Rust files of a crate, without its tests.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn only_a_restore_claims_a_partition_to_write_into_it() {
    let mut claiming = BTreeSet::new();
    for (name, path) in linked("chimera-replay") {
        // The port and its adapters offer claims; what matters is who takes one.
        if name.starts_with("chimera-log") {
            continue;
        }
        for file in sources(&path.join("src")) {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            if code.contains(".claim(") {
                claiming.insert(format!("{name} {}", file.file_name().unwrap().display()));
            }
        }
    }
    let claiming: Vec<String> = claiming.into_iter().collect();
    assert_eq!(claiming, ["chimera-backup restore.rs"]);
}

/// Whether a process that read this would act: charge, refund, reserve.
fn asks_for_something(change: &Change) -> bool {
    match change {
        Change::Order(recorded) => matches!(
            recorded.event,
            order::Event::Created { .. } | order::Event::PaymentRequested { .. }
        ),
        Change::Payment(recorded) => matches!(
            recorded.event,
            payment::Event::Requested { .. } | payment::Event::RefundRequested { .. }
        ),
        Change::Product(_) | Change::Stock(_) => false,
    }
}

/// Every file of a log, and what is in it.
fn bytes(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bytes(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn what_is_asked_for_in_a_log_stays_asked_for_whatever_is_replayed() {
    let history = history();
    // Ends with a request: a node that started here would answer it with an event.
    let last = history.iter().rposition(asks_for_something).unwrap();
    let asked = &history[..=last];
    assert!(asked.iter().filter(|change| asks_for_something(change)).count() > 50);
    let (data, room) = (data_with(asked), tempfile::tempdir().unwrap());
    let before = bytes(&data.path().join("log"));
    let backups = room.path().join("backups").display().to_string();
    let reports = room.path().join("reports").display().to_string();
    for words in [
        "run --all".to_owned(),
        "verify".to_owned(),
        format!("backup --to {backups}"),
        format!("drill --from {backups} --report {reports}"),
    ] {
        replay_well(data.path(), &words);
        assert!(before == bytes(&data.path().join("log")), "{words} has written into the log");
    }
    let copy = room.path().join("copy");
    replay_well(&copy, &format!("restore --from {backups}"));
    replay_well(&copy, "run --all");
    let status = replay_well(&copy, "status --format json").json();
    let events = status["partitions"].as_array().unwrap().iter();
    let events: u64 = events.map(|partition| partition["last"].as_u64().unwrap()).sum();
    assert_eq!(events, asked.len() as u64, "nothing came after what was restored");
}
