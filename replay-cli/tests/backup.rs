//! Restore points as an operator makes, checks and restores them, with the real program, killed at any moment.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use support::{Said, alone, append, data_with, history, replay, replay_well};
use tempfile::TempDir;

/// A shop, a room for its backups, and keys.
struct Room {
    data: TempDir,
    room: TempDir,
}

impl Room {
    fn new() -> Self {
        Self { data: data_with(&history()), room: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    /// The words with `@` before a name as that name's path in the room.
    fn words(&self, words: &str) -> String {
        let place = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.path(name).display().to_string(),
            None => word.to_owned(),
        };
        words.split_whitespace().map(place).collect::<Vec<_>>().join(" ")
    }

    fn replay(&self, words: &str) -> Said {
        replay(self.data.path(), &self.words(words))
    }

    fn well(&self, words: &str) -> Said {
        let said = self.replay(words);
        assert_eq!(said.code, 0, "{words}: {}{}", said.out, said.err);
        said
    }

    /// `replay` on another data directory of the room.
    fn at(&self, data: &str, words: &str) -> Said {
        replay(&self.path(data), &self.words(words))
    }

    /// Whether a restored data directory holds the same log, sound and to the same rows.
    fn is_restored(&self, data: &str) {
        assert_eq!(bytes_of_log(&self.path(data)), bytes_of_log(self.data.path()));
        replay_well(&self.path(data), "run daily_revenue");
        let report = replay_well(&self.path(data), "verify daily_revenue --format json").json();
        assert_eq!(report["log"]["verdict"], "sound", "{report:#}");
    }
}

/// What `replay status` says of the log's partitions, without the sizes of its files.
fn bytes_of_log(data: &Path) -> Vec<(String, u64, u64)> {
    let report = replay_well(data, "status --format json").json();
    let partitions = report["partitions"].as_array().unwrap().clone();
    let of = |partition: serde_json::Value| {
        let name = partition["stream"].as_str().unwrap().to_owned();
        (name, partition["partition"].as_u64().unwrap(), partition["last"].as_u64().unwrap())
    };
    partitions.into_iter().map(of).collect()
}

#[test]
fn a_log_is_backed_up_checked_and_restored() {
    let room = Room::new();
    room.well("run daily_revenue");
    let first = room.well("backup --to @backups --new-key @key --format json").json();
    assert_eq!((&first["verdict"], &first["signed"]), (&"done".into(), &true.into()));
    let point = first["point"].as_str().unwrap();
    let manifest =
        fs::read_to_string(room.path("backups/restore-points").join(format!("{point}.json")));
    let manifest: serde_json::Value = serde_json::from_str(&manifest.unwrap()).unwrap();
    let model = manifest["models"]
        .as_array()
        .unwrap()
        .iter()
        .find(|model| model["name"] == "daily_revenue");
    assert_eq!((&model.unwrap()["live"], &model.unwrap()["lag"]), (&1.into(), &0.into()));

    let sound =
        room.well("verify-backup --from @backups --trust @key.pub --deep --format json").json();
    assert_eq!((&sound["verdict"], &sound["trusted"]), (&"sound".into(), &true.into()));
    assert_eq!(sound["events"], first["events"]);

    let ready = room.at("copy", "restore --from @backups --trust @key.pub --dry-run");
    assert_eq!(ready.code, 0, "{}{}", ready.out, ready.err);
    assert!(ready.out.ends_with("ready: nothing was changed\n"), "{}", ready.out);
    assert!(!room.path("copy").exists());
    let done = room.at("copy", "restore --from @backups --trust @key.pub");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.contains(&format!("done: {} events restored, 0 were there", first["events"])));
    room.is_restored("copy");
    let again = room.at("copy", "restore --from @backups");
    assert!(again.out.contains("done: 0 events restored, "), "{}{}", again.out, again.err);
}

#[test]
fn the_next_restore_point_writes_only_what_is_new() {
    let history = history();
    let room = Room {
        data: data_with(&history[..history.len() - 20]),
        room: tempfile::tempdir().unwrap(),
    };
    room.well("backup --to @backups");
    append(room.data.path(), &history[history.len() - 20..]);
    thread::sleep(Duration::from_millis(1100)); // names are by the second
    let report = room.well("backup --to @backups --format json").json();
    assert_eq!(report["events"], history.len());
    assert!(report["notes"][0].as_str().unwrap().starts_with("NOT SIGNED"), "{report:#}");
    let unsigned = room.well("verify-backup --from @backups");
    assert!(unsigned.out.contains(", NOT SIGNED\n"), "{}", unsigned.out);
    let same = room.well("backup --to @backups --format json").json();
    assert_eq!((&same["new_objects"], &same["new_bytes"]), (&0.into(), &0.into()));
    let first = fs::read_dir(room.path("backups/restore-points"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let first =
        first.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).min().unwrap();
    let said =
        room.at("old", &format!("restore --from @backups --point {first} --format json")).json();
    assert_eq!(said["events"], history.len() - 20);
}

#[test]
fn what_is_not_right_is_refused_with_its_reason() {
    let room = Room::new();
    room.well("backup --to @backups --new-key @key");
    room.well("backup --to @others --new-key @other");
    let cases = [
        ("verify-backup --from @nothing", 64, "there is no such directory"),
        ("verify-backup --from @backups --point 2020", 64, "there is no restore point 2020 in"),
        ("verify-backup --from @backups --trust @other.pub", 1, "signed with another key"),
        ("restore --from @backups --trust @other.pub", 1, "signed with another key"),
        ("restore --from @backups --trust @key", 64, "holds no -----BEGIN PUBLIC KEY-----"),
        ("restore --from @backups --until yesterday", 64, "must be a time such as"),
        ("backup --to @backups --new-key @key", 64, "it is there already"),
        ("backup --to ftp://somewhere/else", 64, "ftp"),
    ];
    for (words, code, expected) in cases {
        let said = room.replay(words);
        assert_eq!(said.code, code, "{words}: {}{}", said.out, said.err);
        assert!(said.err.contains(expected), "{words}: {}", said.err);
    }
    let other = data_with(&[]);
    append(other.path(), &history()[..1]);
    let said =
        replay(other.path(), &room.words("restore --from @backups --until 1970-01-01T00:00:00Z"));
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(
        said.out.contains("NO: ") && said.out.ends_with("refused: nothing was changed\n"),
        "{}",
        said.out
    );
}

#[test]
fn damage_is_found_by_a_deep_look_and_never_restored() {
    let room = Room::new();
    room.well("backup --to @backups");
    let stream =
        fs::read_dir(room.path("backups/segments")).unwrap().next().unwrap().unwrap().path();
    let object = fs::read_dir(stream.join("0")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&object).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&object, &bytes).unwrap();
    room.well("verify-backup --from @backups");
    let found = room.replay("verify-backup --from @backups --deep --format json");
    assert_eq!(found.code, 1);
    let report = found.json();
    assert_eq!(report["verdict"], "damaged");
    assert_eq!(report["faults"].as_array().unwrap().len(), 1, "{report:#}");
    let named = report["faults"][0]["object"].as_str().unwrap();
    assert!(object.ends_with(named), "{named}");
    let refused = room.at("copy", "restore --from @backups");
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("its checksum is"), "{}", refused.err);
    fs::remove_file(&object).unwrap();
    let missing = room.replay("verify-backup --from @backups");
    assert!(
        missing.out.contains("it is not there") && missing.out.ends_with("verdict: damaged\n"),
        "{}",
        missing.out
    );
}

/// How many restore points each story kills, as often as it goes; `CHIMERA_STACK_RUNS=10` makes ten times as many.
fn kills() -> u64 {
    6 * env::var("CHIMERA_STACK_RUNS").map_or(1, |runs| runs.parse::<u64>().unwrap())
}

fn start(data: &Path, words: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_replay"));
    command.arg("--data").arg(data).args(words.split_whitespace());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let _starting = alone();
    command.spawn().unwrap()
}

/// How long it takes, as far as it is known; other work on the machine makes it more or less from one time to the next.
struct Pace {
    whole: Duration,
    fell: u32,
}

impl Pace {
    /// Kills it at some moment, unless it comes to its end before: then the next moments are earlier.
    fn kill(&mut self, mut child: Child, rng: &mut Rng) {
        let (started, moment) = (Instant::now(), self.whole.mul_f64(rng.f64()));
        while started.elapsed() < moment {
            if child.try_wait().unwrap().is_some() {
                self.whole = self.whole.min(started.elapsed());
                return;
            }
            thread::sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        self.fell += u32::from(child.wait().unwrap().code().is_none());
    }
}

/// How long it takes undisturbed.
fn time(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

#[test]
fn a_backup_killed_at_any_moment_and_made_again_is_as_one_that_was_not() {
    let room = Room::new();
    let whole = time(|| drop(room.well("backup --to @calm")));
    let (mut rng, mut pace) = (Rng::with_seed(6), Pace { whole, fell: 0 });
    for seed in 0..kills() {
        let to = format!("backup --to @killed-{seed}");
        for _ in 0..rng.u32(1..=3) {
            let child = start(room.data.path(), &room.words(&to));
            pace.kill(child, &mut rng);
        }
        room.well(&to);
        room.well(&format!("verify-backup --from @killed-{seed} --deep"));
        let copy = format!("copy-{seed}");
        let restored = room.at(&copy, &format!("restore --from @killed-{seed}"));
        assert_eq!(restored.code, 0, "seed {seed}: {}", restored.err);
        assert_eq!(bytes_of_log(&room.path(&copy)), bytes_of_log(room.data.path()), "seed {seed}");
    }
    assert!(pace.fell > 0, "no kill fell before the end");
}

#[test]
fn a_restore_killed_at_any_moment_and_begun_again_is_as_one_that_was_not() {
    let room = Room::new();
    room.well("backup --to @backups");
    let whole = time(|| assert_eq!(room.at("calm", "restore --from @backups").code, 0));
    let (mut rng, mut pace) = (Rng::with_seed(7), Pace { whole, fell: 0 });
    for seed in 0..kills() {
        let copy = format!("killed-{seed}");
        for _ in 0..rng.u32(1..=3) {
            let child = start(&room.path(&copy), &room.words("restore --from @backups"));
            pace.kill(child, &mut rng);
        }
        let restored = room.at(&copy, "restore --from @backups");
        assert_eq!(restored.code, 0, "seed {seed}: {}", restored.err);
        room.is_restored(&copy);
    }
    assert!(pace.fell > 0, "no kill fell before the end");
}
