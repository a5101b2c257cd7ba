//! What an operator types and reads: reports word by word, mistakes, help, exit codes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use chimera_log_embedded::EmbeddedLogOptions;
use support::{data_with, history, opened, replay, replay_well};

#[test]
fn help_shows_examples_and_exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    let verbs = [
        "",
        "status",
        "plan",
        "run",
        "promote",
        "rollback",
        "drop",
        "verify",
        "dlq",
        "inspect",
        "export",
        "backup",
        "restore",
        "verify-backup",
        "completions",
        "drill",
    ];
    for verb in verbs {
        let said = replay_well(dir.path(), &format!("{verb} --help"));
        let (_, examples) = said.out.split_once("Examples:\n").unwrap();
        let shown = examples.lines().filter(|line| line.starts_with("  replay ")).count();
        assert_eq!(shown, 2, "{verb}: {}", said.out);
    }
    let said = replay_well(dir.path(), "verify --help");
    assert!(said.out.contains("  64  wrong usage or configuration"), "{}", said.out);
}

#[test]
fn mistakes_are_explained_and_end_with_64() {
    let empty = tempfile::tempdir().unwrap();
    let dir = data_with(&[]);
    let cases = [
        (dir.path(), "", "Usage: replay"),
        (dir.path(), "run", "MODEL"),
        (dir.path(), "verify --fast", "--fast"),
        (
            dir.path(),
            "run no_such_model",
            "there is no read model no_such_model; there are orders_by",
        ),
        (dir.path(), "verify --against 2", "are of one read model: name it"),
        (
            dir.path(),
            "verify daily_revenue --generation 7",
            "daily_revenue has no generation 7; there are: none",
        ),
        (dir.path(), "verify daily_revenue --generation 7 --against 7", "must name another"),
        (empty.path(), "status", "name the data directory with --data"),
    ];
    for (dir, arguments, expected) in cases {
        let said = replay(dir, arguments);
        assert_eq!(said.code, 64, "{arguments}: {}", said.err);
        assert!(said.err.contains(expected), "{arguments}: {}", said.err);
        assert!(said.out.is_empty(), "{}", said.out);
    }
}

#[test]
fn a_directory_in_use_is_refused_with_what_to_do() {
    let dir = data_with(&[]);
    let log = opened(dir.path(), EmbeddedLogOptions::default());
    for verb in ["status", "run --all", "verify"] {
        let said = replay(dir.path(), verb);
        assert_eq!(said.code, 1);
        assert!(said.err.contains("Stop that process and run this again"), "{}", said.err);
    }
    let said = replay(dir.path(), "verify --format json");
    assert_eq!(
        (&said.json()["command"], &said.json()["verdict"]),
        (&"verify".into(), &"failed".into())
    );
    drop(log);
    replay_well(dir.path(), "status");
}

#[test]
fn an_empty_log_gives_empty_read_models() {
    let dir = data_with(&[]);
    replay_well(dir.path(), "run --all");
    let said = replay_well(dir.path(), "verify daily_revenue");
    let expected = "log: sound, 0 events
daily_revenue: identical, generation 1
  daily_revenue: identical, 0 rows, checksum 00000000000000000000000000000000
verdict: identical
";
    assert_eq!(said.out, expected);
}

#[test]
fn reports_go_to_stdout_and_progress_to_stderr() {
    let dir = data_with(&history());
    let run = replay_well(dir.path(), "run daily_revenue order_status");
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.out);
    assert!(lines[0].starts_with("order_status: generation 1, live, built from "), "{}", run.out);
    assert!(run.err.contains("daily_revenue: ") && run.err.contains(" events in "), "{}", run.err);
    let status = replay_well(dir.path(), "status").out;
    let first = "partition                                   last         bytes  segments  oldest, newest\n";
    assert!(status.starts_with(first), "{status}");
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of("daily_revenue"), "daily_revenue 1 0 1 live");
    assert!(of("order_details").starts_with("order_details none "), "{status}");
}

#[test]
fn every_report_has_the_same_envelope() {
    let dir = data_with(&history());
    for (verb, verdict) in
        [("run --all", "done"), ("verify", "identical"), ("status", "ok"), ("plan --all", "ready")]
    {
        let report = replay_well(dir.path(), &format!("{verb} --format json")).json();
        assert_eq!(report["format"], 1);
        assert_eq!(report["command"], verb.split_whitespace().next().unwrap());
        assert_eq!(report["verdict"], verdict);
        assert!(report["models"].is_array());
    }
}

#[test]
fn shells_are_told_of_every_verb() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = replay_well(dir.path(), &format!("completions {shell}")).out;
        for verb in ["status", "promote", "verify-backup"] {
            assert!(script.contains(verb), "{shell}: {verb}");
        }
    }
}
