//! A small data directory with a log that the rules have written, and the program run on it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]
#![allow(dead_code, reason = "each test file uses a part of it")]

mod shops;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions, OpenError};
use chimera_model::Change;
use shops::Street;
use tempfile::TempDir;

/// A history of more than a thousand events, the same in every test.
pub(crate) fn history() -> Vec<Change> {
    histories(30)
}

/// The histories of so many small shops.
pub(crate) fn histories(shops: u32) -> Vec<Change> {
    let mut street = Street::default();
    let mut history = Vec::new();
    for _ in 0..shops {
        history.extend(street.next_shop());
    }
    history
}

/// Held while a process is started, and to open what was just closed: until it executes its program, a new process
/// shares this one's files and their locks.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static STARTING: Mutex<()> = Mutex::new(());
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A data directory whose log holds these changes.
pub(crate) fn data_with(changes: &[Change]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), changes);
    dir
}

/// The log of a data directory that this test has to itself, as soon as whatever was just closed or started has let it go.
pub(crate) fn opened(dir: &Path, options: EmbeddedLogOptions) -> EmbeddedLog {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let _opening = alone();
        match EmbeddedLog::open(dir.join("log"), options) {
            Err(OpenError::Locked { .. }) if Instant::now() < deadline => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

/// Appends changes, in segments so small that there are several.
pub(crate) fn append(dir: &Path, changes: &[Change]) {
    let options =
        EmbeddedLogOptions { segment_bytes: 16 * 1024, chunk_bytes: 4096, max_bytes: None };
    let log = opened(dir, options);
    shops::append(&log, changes, 20).unwrap();
}

/// What the program said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}{}", self.out, self.err))
    }
}

/// Shops whose histories follow each other.
pub(crate) fn street() -> Street {
    Street::default()
}

/// `replay --data DIR ARGUMENTS`, running.
pub(crate) fn started(dir: &Path, arguments: &str, said: fn() -> Stdio) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_replay"));
    command.arg("--data").arg(dir).args(arguments.split_whitespace());
    command.stdout(said()).stderr(said());
    let _starting = alone();
    command.spawn().unwrap()
}

/// `replay --data DIR ARGUMENTS`.
pub(crate) fn replay(dir: &Path, arguments: &str) -> Said {
    let started = started(dir, arguments, Stdio::piped);
    let Output { status, stdout, stderr } = started.wait_with_output().unwrap();
    Said {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// Rebuilds read models beside the live ones, and has the new ones read.
pub(crate) fn replaced(dir: &Path, models: &[&str]) {
    replay_well(dir, &format!("run {}", models.join(" ")));
    for model in models {
        replay_well(dir, &format!("promote {model} --force --yes"));
    }
}

/// As [`replay`], where everything must go well.
pub(crate) fn replay_well(dir: &Path, arguments: &str) -> Said {
    let said = replay(dir, arguments);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    said
}
