//! The real stores as processes: killed, and started again on what they had written.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::json;
use tempfile::TempDir;

use crate::http::post;
use crate::ports;
use crate::program::soon;

/// Where a registry has Confluent's API.
const REGISTRY_API: &str = "/apis/ccompat/v7";

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

/// A schema registry of its own, which keeps nothing when it ends. Dropping it ends it.
pub(crate) struct OwnRegistry {
    dir: TempDir,
    ports: [u16; 2],
}

impl OwnRegistry {
    /// Not started yet.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        symlink(directory().join("programs"), dir.path().join("programs")).unwrap();
        Self { dir, ports: [ports::free(), ports::free()] }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports[0]))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{REGISTRY_API}", self.address())
    }

    /// Starts it empty; returns when it answers.
    pub(crate) fn up(&self) {
        let said = self.services("up");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }

    /// Ends it, and what it knew is gone.
    pub(crate) fn down(&self) {
        assert!(self.services("down").status.success());
    }

    /// Gives it schemas of somebody else, so that ours get other ids.
    pub(crate) fn is_used_by_others(&self, schemas: u32) {
        for number in 0..schemas {
            let schema = json!({"type": "fixed", "name": format!("other{number}"), "size": 8});
            let path = format!("{REGISTRY_API}/subjects/other{number}-value/versions");
            let body = json!({"schema": schema.to_string()});
            post(&path, &body).send(self.address()).unwrap().is(200);
        }
    }

    fn services(&self, verb: &str) -> Output {
        let [port, management] = self.ports.map(|port| port.to_string());
        let mut command = Command::new(root().join("deploy/native/services"));
        command.args([verb, "registry"]).env("REGISTRY_STORAGE", "memory");
        command.env("CHIMERA_STACK_DIR", self.dir.path());
        command.env("REGISTRY_PORT", port).env("REGISTRY_MANAGEMENT_PORT", management);
        command.stdin(Stdio::null()).output().unwrap()
    }
}

impl Drop for OwnRegistry {
    fn drop(&mut self) {
        let _ = self.services("down");
    }
}
