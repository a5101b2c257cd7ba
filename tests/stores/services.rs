//! The real stores as processes: killed, and started again on what they had written.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::soon;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where `deploy/native/services` keeps them.
fn directory() -> PathBuf {
    env::var("CHIMERA_STACK_DIR").map_or_else(|_| root().join("target/native"), PathBuf::from)
}

/// kill -9; returns when the process is gone.
pub(crate) fn kill(service: &str) {
    let line = fs::read_to_string(directory().join("run").join(service)).unwrap();
    let process = line.split_whitespace().next().unwrap();
    let killed = Command::new("kill").args(["-9", process]).status().unwrap();
    assert!(killed.success(), "{service} was not there to be killed");
    soon(&format!("the end of {service}"), || has_ended(process).then_some(()));
}

/// Whether nothing of it is left but, maybe, what its parent has not asked for yet.
fn has_ended(process: &str) -> bool {
    let status = fs::read_to_string(Path::new("/proc").join(process).join("stat"));
    status.is_err() || status.is_ok_and(|status| status.contains(") Z "))
}

/// Starts what is not there; returns when it answers.
pub(crate) fn up(service: &str) {
    soon(&format!("the return of {service}"), || {
        let mut command = Command::new(root().join("deploy/native/services"));
        command.args(["up", service]).stdin(Stdio::null()).stdout(Stdio::null());
        let started = command.output().unwrap();
        let said = String::from_utf8_lossy(&started.stderr);
        // The last threads of the one that was killed may hold the port a moment longer.
        let too_early = said.contains("is taken by another program");
        assert!(started.status.success() || too_early, "{service} did not come back: {said}");
        started.status.success().then_some(())
    });
}
