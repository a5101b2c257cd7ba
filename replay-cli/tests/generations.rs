//! Generations side by side: built, gone on with after a kill, promoted, rolled back, dropped; and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use std::path::Path;
use std::process::Stdio;

use serde_json::Value as Json;
use support::{append, data_with, history, replay, replay_well, started, street};

const MODEL: &str = "order_details";

fn status(dir: &Path) -> Json {
    let report = replay_well(dir, "status --format json").json();
    report["models"]
        .as_array()
        .unwrap()
        .iter()
        .find(|model| model["name"] == MODEL)
        .unwrap()
        .clone()
}

fn numbers(model: &Json) -> Vec<u64> {
    let generations = model["generations"].as_array().unwrap();
    generations.iter().map(|generation| generation["generation"].as_u64().unwrap()).collect()
}

#[test]
fn a_run_leaves_the_live_generation_as_it_is_and_the_switch_is_a_decision_of_its_own() {
    let dir = data_with(&history());
    let first = replay_well(dir.path(), "run order_details --format json").json();
    assert_eq!(
        (&first["models"][0]["generation"], &first["models"][0]["is_live"]),
        (&1.into(), &true.into())
    );
    let second = replay_well(dir.path(), "run order_details --format json").json();
    assert_eq!(
        (&second["models"][0]["generation"], &second["models"][0]["is_live"]),
        (&2.into(), &false.into())
    );
    let model = status(dir.path());
    assert_eq!((&model["live"], numbers(&model)), (&1.into(), vec![1, 2]));

    let refused = replay(dir.path(), "promote order_details --yes");
    assert_eq!(refused.code, 1, "{}{}", refused.out, refused.err);
    assert!(refused.out.contains("nobody has proved it"), "{}", refused.out);
    assert_eq!(status(dir.path())["live"], 1);

    let forced =
        replay_well(dir.path(), "promote order_details --force --yes --format json").json();
    assert_eq!((&forced["live"], &forced["previous"]), (&2.into(), &1.into()));
    assert_eq!(status(dir.path())["live"], 2);
    assert_eq!(
        replay_well(dir.path(), "verify order_details --format json").json()["models"][0]["generation"],
        2
    );
}

#[test]
fn what_has_happened_since_is_applied_before_readers_come() {
    let mut street = street();
    let dir = data_with(&street.next_shop());
    replay_well(dir.path(), "run order_details");
    replay_well(dir.path(), "run order_details");
    append(dir.path(), &street.next_shop());
    let promoted =
        replay_well(dir.path(), "promote order_details --force --yes --format json").json();
    assert!(promoted["events"].as_u64().unwrap() > 0, "{promoted}");
    assert_eq!(status(dir.path())["lag"], 0);
    append(dir.path(), &street.next_shop());
    let back = replay_well(dir.path(), "rollback order_details --yes --format json").json();
    assert_eq!((&back["live"], &back["previous"]), (&1.into(), &2.into()));
    assert_eq!(status(dir.path())["lag"], 0);
    replay_well(dir.path(), "verify order_details");
}

#[test]
fn what_nobody_reads_is_dropped_and_nothing_else() {
    let dir = data_with(&history());
    for _ in 0..4 {
        replay_well(dir.path(), "run order_details --fresh");
    }
    replay_well(dir.path(), "promote order_details --generation 3 --force --yes");
    let live = replay(dir.path(), "drop order_details 3 --yes");
    assert_eq!(live.code, 64);
    assert!(live.err.contains("is live; readers see it"), "{}", live.err);
    assert_eq!(replay(dir.path(), "drop order_details 9 --yes").code, 64);
    assert_eq!(replay(dir.path(), "drop order_details 1").code, 64, "nobody can be asked");
    let planned =
        replay_well(dir.path(), "drop order_details --unused --dry-run --format json").json();
    assert_eq!(
        (&planned["verdict"], planned["dropped"].as_array().unwrap().len()),
        (&"planned".into(), 2)
    );
    assert_eq!(numbers(&status(dir.path())), [1, 2, 3, 4]);
    replay_well(dir.path(), "drop order_details --unused --yes");
    assert_eq!(numbers(&status(dir.path())), [1, 3], "the one before stays for a rollback");
    replay_well(dir.path(), "drop order_details 1 --yes");
    let back = replay(dir.path(), "rollback order_details --yes");
    assert_eq!(back.code, 1);
    assert!(back.err.contains("generation 1 of order_details is not in the store"), "{}", back.err);
}

#[test]
fn a_killed_run_is_gone_on_with() {
    let mut street = street();
    let mut changes = Vec::new();
    for _ in 0..60 {
        changes.extend(street.next_shop());
    }
    let dir = data_with(&changes);
    replay_well(dir.path(), "run order_details");
    let reads = changes.iter().filter(|change| {
        change.stream().starts_with("ecommerce.order")
            || change.stream().starts_with("ecommerce.payment")
    });
    let all = reads.count() as u64;
    let mut killed = started(dir.path(), "run order_details --rate 1500", Stdio::null);
    let rows = dir.path().join("read/rows");
    let before = bytes_in(&rows);
    while bytes_in(&rows) < before + 20_000 {
        assert!(killed.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let on = replay_well(dir.path(), "run order_details --format json").json();
    let model = &on["models"][0];
    assert_eq!((&model["generation"], &model["is_resumed"]), (&2.into(), &true.into()), "{model}");
    assert!(model["events"].as_u64().unwrap() <= all, "{model}");
    replay_well(dir.path(), "promote order_details --force --yes");
    replay_well(dir.path(), "verify order_details");
}

/// What the files of a directory hold, in bytes; those that go away meanwhile count for nothing.
fn bytes_in(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let of = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.ok()?.path();
        if path.is_dir() { Some(bytes_in(&path)) } else { Some(path.metadata().ok()?.len()) }
    };
    entries.filter_map(of).sum()
}

#[test]
fn a_part_of_the_log_is_never_taken_for_all_of_it() {
    let dir = data_with(&history());
    replay_well(dir.path(), "run order_details");
    let part =
        replay_well(dir.path(), "run order_details --until 40 --from 3 --format json").json();
    let model = &part["models"][0];
    assert_eq!(
        (&model["partial"], &model["generation"]),
        (&"from sequence 3, until sequence 40".into(), &2.into())
    );
    let order = replay_well(dir.path(), "run order_details --only order O1.1 --format json").json();
    assert_eq!(order["models"][0]["generation"], 3);
    let refused = replay(dir.path(), "promote order_details --yes --dry-run");
    assert!(refused.out.contains("only a part of the log: only order O1.1"), "{}", refused.out);
    for wrong in
        ["--only shop S-1", "--until yesterday", "--rate 0", "--only customer nobody-at-all"]
    {
        let said = replay(dir.path(), &format!("run order_details {wrong}"));
        assert_ne!(said.code, 0, "{wrong}");
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let dir = data_with(&history());
    let planned = replay_well(dir.path(), "run --all --dry-run --format json").json();
    assert_eq!(planned["verdict"], "planned");
    assert!(planned["models"][0]["events"].as_u64().unwrap() > 0);
    assert!(numbers(&status(dir.path())).is_empty());
    assert!(!dir.path().join("control").exists());
}

#[test]
fn what_was_proved_may_be_promoted_and_a_run_can_do_both() {
    let dir = data_with(&history());
    replay_well(dir.path(), "run --all");
    replay_well(dir.path(), "run order_details");
    replay_well(dir.path(), "verify order_details --generation 2");
    let model = status(dir.path());
    assert_eq!(model["generations"][1]["verified"], true, "{model}");
    replay_well(dir.path(), "promote order_details --yes");
    let all = replay_well(dir.path(), "run --all --promote --yes --format json").json();
    let models = all["models"].as_array().unwrap();
    assert!(models.iter().all(|model| model["is_live"] == true), "{all}");
    assert_eq!(status(dir.path())["live"], 3);
    replay_well(dir.path(), "verify");
}

#[test]
fn the_log_is_examined_where_no_store_is_left() {
    let dir = data_with(&history());
    let report = replay_well(dir.path(), "verify --log --format json").json();
    assert_eq!(
        (&report["log"]["verdict"], &report["verdict"]),
        (&"sound".into(), &"identical".into())
    );
    assert!(!dir.path().join("read").exists());
}

#[test]
fn what_was_built_is_not_built_again_unless_it_is_wrong_or_a_fresh_one_is_wanted() {
    let mut street = street();
    let dir = data_with(&street.next_shop());
    replay_well(dir.path(), "run order_details");
    let number = |arguments: &str| {
        let report =
            replay_well(dir.path(), &format!("run order_details {arguments} --format json")).json();
        report["models"][0]["generation"].as_u64().unwrap()
    };
    assert_eq!((number(""), number("")), (2, 2));
    append(dir.path(), &street.next_shop());
    assert_eq!(number(""), 2, "it goes on with what came since");
    replay_well(dir.path(), "verify order_details --generation 2");
    assert_eq!(number("--fresh"), 3);
    replay_well(dir.path(), "promote order_details --force --yes");
    replay_well(dir.path(), "rollback order_details --yes");
    assert_eq!(number(""), 2, "readers were sent back from 3, and 2 is newer than the live one");
}
