//! The programs: how they are started, and what they said when they ended.

use std::env;
use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Far longer than anything here takes, so that only what never comes fails.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// A program that is just being started holds what is locked in this process, for a moment.
static STARTING: RwLock<()> = RwLock::new(());

fn starting() -> RwLockReadGuard<'static, ()> {
    STARTING.read().unwrap_or_else(PoisonError::into_inner)
}

/// To be held from before a lock is taken in this process until after it was given back.
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    STARTING.write().unwrap_or_else(PoisonError::into_inner)
}

/// What a program said, and its exit code.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Its stdout as JSON; it must have ended well.
    pub(crate) fn json(&self) -> Value {
        self.ended_with(0);
        serde_json::from_str(&self.out).unwrap()
    }

    #[track_caller]
    pub(crate) fn ended_with(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn and_said(&self, text: &str) -> &Self {
        assert!(self.err.contains(text), "{text:?} is not in: {}", self.err);
        self
    }
}

/// `chimera ARGUMENTS`, with its own standard streams and none of our settings. For gRPC it listens on a free port: stories run
/// beside each other. `CHIMERA_STACK_BINARY` is another build of the same program, such as one for release; `CHIMERA_STACK_REPLAY`
/// one of `replay`.
pub(crate) fn chimera(arguments: &[&str]) -> Command {
    let mut command = program(&chimera_program(), arguments);
    command.env("CHIMERA_GRPC_ADDRESS", "127.0.0.1:0");
    command
}

fn chimera_program() -> String {
    env::var("CHIMERA_STACK_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_story-chimera").into())
}

fn replay_program() -> String {
    env::var("CHIMERA_STACK_REPLAY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_story-replay").into())
}

/// Both programs, by the names that people type.
#[allow(dead_code, reason = "for the stories that type commands")]
pub(crate) fn programs() -> [(&'static str, String); 2] {
    [("chimera", chimera_program()), ("replay", replay_program())]
}

/// `story-appender ARGUMENTS`.
#[allow(dead_code, reason = "for the stories of chaos")]
pub(crate) fn appender(arguments: &[&str]) -> Command {
    program(env!("CARGO_BIN_EXE_story-appender"), arguments)
}

/// `replay ARGUMENTS --data DATA`, to its end.
pub(crate) fn replay(data: &Path, arguments: &[&str]) -> Said {
    let mut command = program(&replay_program(), arguments);
    command.arg("--data").arg(data);
    end(start(&mut command))
}

/// `replay ARGUMENTS --data DATA`, running.
#[allow(dead_code, reason = "not every program of stories kills it")]
pub(crate) fn replaying(data: &Path, arguments: &[&str]) -> Child {
    let mut command = program(&replay_program(), arguments);
    start(command.arg("--data").arg(data))
}

/// `replay verify` must find nothing.
pub(crate) fn identical(data: &Path) {
    let report = replay(data, &["verify", "--format", "json"]).json();
    assert_eq!(report["verdict"], "identical", "{report:#}");
}

/// `chimera ARGUMENTS --data DATA`, to its end.
pub(crate) fn run(data: &Path, arguments: &[&str]) -> Said {
    end(start(chimera(arguments).arg("--data").arg(data)))
}

/// As [`run`], with something to read from standard input.
pub(crate) fn run_with(data: &Path, arguments: &[&str], input: &[u8]) -> Said {
    let mut command = chimera(arguments);
    let mut child = start(command.arg("--data").arg(data).stdin(Stdio::piped()));
    child.stdin.take().unwrap().write_all(input).unwrap();
    end(child)
}

pub(crate) fn start(command: &mut Command) -> Child {
    let _starting = starting();
    command.spawn().unwrap()
}

pub(crate) fn end(child: Child) -> Said {
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Said {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

fn program(path: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    command.args(arguments).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Looks again and again until there is something.
#[track_caller]
pub(crate) fn soon<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    soon_or(|| look().ok_or(what))
}

/// Looks again and again until there is something; else says what was seen last.
#[track_caller]
pub(crate) fn soon_or<T, S: Display>(mut look: impl FnMut() -> Result<T, S>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) => assert!(Instant::now() < deadline, "{seen}: not within {PATIENCE:?}"),
        }
        std::thread::sleep(PAUSE);
    }
}
