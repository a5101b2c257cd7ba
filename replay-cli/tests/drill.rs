//! The disaster rehearsed, as an operator does it, with the real program: what it reports, and that nothing is left of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chimera_log_embedded::EmbeddedLogOptions;
use serde_json::Value;
use support::{Said, append, data_with, history, opened, replay, replay_well, started};
use tempfile::TempDir;

/// How many events come after the restore point.
const LATER: usize = 30;

/// A shop, its restore point, and room for reports and scratch.
struct Room {
    data: TempDir,
    room: TempDir,
}

impl Room {
    /// With so many events recorded after the restore point was made.
    fn new(later: usize) -> Self {
        let history = history();
        let (before, after) = history.split_at(history.len() - later);
        let room = Self { data: data_with(before), room: tempfile::tempdir().unwrap() };
        room.replay("backup --to @backups --new-key @key");
        append(room.data.path(), after);
        fs::create_dir(room.path("scratch")).unwrap();
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    /// The words with `@` before a name as that name's path in the room.
    fn words(&self, words: &str) -> String {
        words.replace('@', &format!("{}/", self.room.path().display()))
    }

    fn replay(&self, words: &str) -> Said {
        replay(self.data.path(), &self.words(words))
    }

    /// A drill with these words besides.
    fn drill(&self, words: &str) -> Said {
        self.replay(&format!(
            "drill --from @backups --report @reports --scratch @scratch --format json {words}"
        ))
    }

    fn is_without_trace(&self) {
        let left: Vec<_> = fs::read_dir(self.path("scratch")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// The files of the only report, by the ends of their names.
    fn report(&self, end: &str) -> PathBuf {
        let files = fs::read_dir(self.path("reports")).unwrap();
        let mut files = files.map(|file| file.unwrap().path());
        files.find(|file| file.to_str().unwrap().ends_with(end)).unwrap()
    }
}

/// Every file below a directory, and what is in it.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn a_drill_proves_the_recovery_and_leaves_nothing_but_its_report() {
    let room = Room::new(LATER);
    let of = |room: &Room| (contents(room.data.path()), contents(&room.path("backups")));
    let before = of(&room);
    let said = room.drill("--trust @key.pub --key @key --rto 3600 --rpo 2000000000");
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(before == of(&room), "the live log or the restore point was changed");
    room.is_without_trace();

    let report = said.json();
    assert_eq!((&report["command"], &report["verdict"]), (&"drill".into(), &"reached".into()));
    let names: Vec<&str> = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["check", "restore", "rebuild", "verify"]);
    let rto = &report["rto"];
    assert!(rto["rebuilt_seconds"].as_f64().unwrap() <= rto["proved_seconds"].as_f64().unwrap());
    assert_eq!((&rto["met"], &report["rpo"]["met"]), (&true.into(), &true.into()));
    assert_eq!(report["restored"]["events"], history().len() - LATER);
    assert_eq!(
        (&report["log"]["verdict"], &report["point"]["trusted"]),
        (&"sound".into(), &true.into())
    );
    for model in report["models"].as_array().unwrap() {
        assert_eq!(model["verdict"], "identical", "{model:#}");
        assert!(
            model["events"].as_u64().unwrap() > 0
                && !model["tables"].as_array().unwrap().is_empty()
        );
    }
    assert_eq!(fs::read_to_string(room.report(".json")).unwrap(), said.out, "stdout is the report");
}

#[test]
fn what_the_restore_point_lacks_is_counted_where_the_live_log_can_be_opened() {
    let room = Room::new(LATER);
    let report = room.drill("").json();
    let rpo = &report["rpo"];
    assert_eq!((&rpo["lacking"], &rpo["is_exact"]), (&LATER.into(), &true.into()), "{rpo:#}");
    let partitions = report["partitions"].as_array().unwrap();
    let lacking = partitions.iter().map(|partition| partition["lacking"].as_u64().unwrap());
    assert_eq!(lacking.sum::<u64>(), LATER as u64);

    let in_use = opened(room.data.path(), EmbeddedLogOptions::default());
    let rpo = room.drill("").json()["rpo"].clone();
    assert!(rpo["live"].as_str().unwrap().ends_with("is in use by another process"), "{rpo:#}");
    assert_eq!((&rpo["lacking"], &rpo["reached_seconds"]), (&Value::Null, &rpo["age_seconds"]));
    drop(in_use);

    let other = data_with(&history()[..200]);
    let words = "drill --from @backups --report @reports --scratch @scratch --format json";
    let rpo = replay(other.path(), &room.words(words)).json()["rpo"].clone();
    assert!(rpo["live"].as_str().unwrap().ends_with(": it is another log"), "{rpo:#}");
}

#[test]
fn a_target_that_is_not_met_is_said_and_ends_with_1() {
    let room = Room::new(0);
    let said = room.drill("--rto 0");
    let report = said.json();
    assert_eq!((said.code, &report["verdict"]), (1, &"missed".into()), "{report:#}");
    assert_eq!(report["rto"]["met"], false);
    let report = room.drill("--rpo 0 --rto 3600").json();
    assert_eq!(report["verdict"], "reached", "nothing is lacking, so nothing is lost: {report:#}");
    room.is_without_trace();
}

#[test]
fn a_restore_point_that_is_damaged_fails_the_drill_and_the_report_says_where() {
    let room = Room::new(0);
    let objects = contents(&room.path("backups/segments"));
    let (object, mut bytes) = objects.into_iter().next().unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&object, bytes).unwrap();
    let said = room.drill("");
    let report = said.json();
    assert_eq!((said.code, &report["verdict"]), (1, &"failed".into()));
    let problem = report["problem"].as_str().unwrap();
    assert!(problem.starts_with("restore: ") && problem.contains("its checksum is"), "{problem}");
    assert_eq!(report["rto"]["proved_seconds"], Value::Null);
    let page = fs::read_to_string(room.report(".html")).unwrap();
    assert!(page.contains("its checksum is") && page.contains("not reached"));
    room.is_without_trace();

    fs::remove_file(&object).unwrap();
    let report = room.drill("").json();
    assert!(report["problem"].as_str().unwrap().starts_with("check: 1 objects"), "{report:#}");
    room.is_without_trace();
}

#[test]
fn what_cannot_be_rehearsed_is_refused_before_anything_is_made() {
    let room = Room::new(0);
    room.replay("backup --to @others --new-key @other");
    let cases = [
        ("drill --from @nothing --report @none", 64, "there is no such directory"),
        ("drill --from @backups --report @none --point 2020", 64, "there is no restore point 2020"),
        ("drill --from @backups --report @none --trust @other.pub", 1, "signed with another key"),
        (
            "drill --from @backups --report @none --scratch @nothing",
            64,
            "cannot be used as scratch",
        ),
        ("drill --from @backups --report @none --key @key.pub", 64, "holds no -----BEGIN PRIVATE"),
        ("drill --from @backups", 64, "--report"),
        ("drill --check @report.json", 64, "--trust"),
    ];
    for (words, code, expected) in cases {
        let said = room.replay(words);
        assert_eq!(said.code, code, "{words}: {}{}", said.out, said.err);
        assert!(said.err.contains(expected), "{words}: {}", said.err);
    }
}

#[test]
fn a_signed_report_is_known_again_and_a_changed_one_is_not() {
    let room = Room::new(0);
    assert_eq!(room.drill("--key @key").code, 0);
    let file = room.report(".json");
    let check = format!("drill --trust @key.pub --check {}", file.display());
    let said = room.replay(&check);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("the drill: reached\nverdict: authentic"), "{}", said.out);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("reached", "Reached", 1)).unwrap();
    let said = room.replay(&check);
    assert_eq!(said.code, 1);
    assert!(said.out.ends_with("verdict: refused\n"), "{}", said.out);
    let unsigned = room.drill("").json();
    let notes = unsigned["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note.as_str().unwrap().contains("this report is NOT SIGNED")));
}

/// What is open at the end of a page, or was closed before it was opened.
fn unbalanced(page: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    for piece in page.split('<').skip(1) {
        let (tag, _) = piece.split_once('>')?;
        if tag.starts_with('!') || tag.ends_with('/') {
            continue;
        }
        let name = tag.split_whitespace().next()?;
        match name.strip_prefix('/') {
            Some(name) if open.pop() != Some(name) => return Some(name.to_owned()),
            Some(_) => {}
            None => open.push(name),
        }
    }
    open.pop().map(str::to_owned)
}

#[test]
fn the_page_is_whole_needs_nothing_from_elsewhere_and_has_the_figures() {
    let room = Room::new(LATER);
    let report = room.drill("--key @key --rto 3600").json();
    let page = fs::read_to_string(room.report(".html")).unwrap();
    assert_eq!(unbalanced(&page), None);
    assert_eq!(unbalanced("<p><b></p>"), Some("p".to_owned()));
    for foreign in ["<script", "http:", "https:", "@import", "url(", "<img", "<link"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert_eq!(page.matches("<svg ").count(), 2);
    for model in report["models"].as_array().unwrap() {
        assert!(page.contains(&format!("<th>{}</th>", model["name"].as_str().unwrap())));
        for table in model["tables"].as_array().unwrap() {
            assert!(page.contains(table["checksum"].as_str().unwrap()));
        }
    }
    for expected in [
        "target 1 h 00 min met",
        "30 events more",
        "prefers-color-scheme: dark",
        "signed for the key",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
}

#[test]
fn texts_from_outside_are_escaped_in_the_page() {
    let room = Room::new(0);
    fs::rename(room.path("backups"), room.path("<b>&backups")).unwrap();
    let words = "drill --from @<b>&backups --report @reports --scratch @scratch";
    assert_eq!(room.replay(words).code, 0);
    let page = fs::read_to_string(room.report(".html")).unwrap();
    assert!(page.contains("&lt;b&gt;&amp;backups") && !page.contains("<b>"));
}

/// A drill that has begun with its copy; none if it was over before.
fn begun(room: &Room) -> Option<std::process::Child> {
    let words = "drill --from @backups --report @reports --scratch @scratch";
    let mut child = started(room.data.path(), &room.words(words), Stdio::null);
    let deadline = Instant::now() + Duration::from_mins(1);
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        let mut copies = fs::read_dir(room.path("scratch")).unwrap();
        if copies.any(|copy| copy.unwrap().path().join("data/read").exists()) {
            return Some(child);
        }
        std::thread::yield_now();
    }
    None
}

#[test]
fn a_drill_that_is_asked_to_end_removes_its_copy() {
    let room = Room::new(0);
    for signal in ["-INT", "-TERM", "-HUP"] {
        let mut child = begun(&room).unwrap();
        let asked = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(asked.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(1), "{signal}");
        room.is_without_trace();
    }
    assert_eq!(fs::read_dir(room.path("reports")).unwrap().count(), 0);
}

#[test]
fn what_a_killed_drill_has_left_is_removed_by_the_next_one() {
    let room = Room::new(0);
    let mut child = begun(&room).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read_dir(room.path("scratch")).unwrap().count(), 1);
    replay_well(
        room.data.path(),
        &room.words("drill --from @backups --report @reports --scratch @scratch"),
    );
    room.is_without_trace();
}
