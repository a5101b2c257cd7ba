//! The runbook, docs/operations.md, and a desk at which its blocks of commands are carried out word by word.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::program::{Said, end, programs, start};

pub(crate) const BOOK: &str = include_str!("../../docs/operations.md");
pub(crate) const DAILY: &str = "Every day";
pub(crate) const STORE_LOST: &str = "A read store is lost";
pub(crate) const WRONG_ROWS: &str = "Rows are wrong";
pub(crate) const LOG_LOST: &str = "The log is lost";
pub(crate) const REGISTRY_LOST: &str = "The registry is lost";

/// The blocks of commands of a section.
pub(crate) fn blocks(heading: &str) -> Vec<&'static str> {
    let (_, section) = BOOK.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let fenced = section.split("```sh\n").skip(1);
    fenced.map(|block| block.split_once("```").unwrap().0).collect()
}

/// A room with a data directory, backups, keys, and both programs in the path.
pub(crate) struct Desk {
    room: TempDir,
    /// What is in the environment besides.
    told: Vec<(String, String)>,
}

impl Desk {
    pub(crate) fn empty() -> Self {
        let room = tempfile::tempdir().unwrap();
        for made in ["bin", "keys"] {
            fs::create_dir(room.path().join(made)).unwrap();
        }
        for (name, program) in programs() {
            std::os::unix::fs::symlink(program, room.path().join("bin").join(name)).unwrap();
        }
        Self { room, told: Vec::new() }
    }

    /// From now on this is in the environment, too.
    pub(crate) fn tell(&mut self, name: &str, value: &str) {
        self.told.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn room(&self) -> &Path {
        self.room.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.room().join("data")
    }

    /// Carries out one block; every command of it must end well.
    pub(crate) fn carry_out(&self, block: &str) -> Said {
        let said = self.try_out(block);
        assert_eq!(said.code, 0, "{block}\n{}{}", said.out, said.err);
        said
    }

    /// Carries out one block, up to the first command that fails.
    pub(crate) fn try_out(&self, block: &str) -> Said {
        end(start(&mut self.shell(block)))
    }

    /// A shell with the desk's environment that will do this.
    pub(crate) fn shell(&self, block: &str) -> Command {
        let room = self.room();
        let programs = room.join("bin").display().to_string();
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", block]).env_clear();
        shell.env("PATH", format!("{programs}:/usr/local/bin:/usr/bin:/bin"));
        shell.env("CHIMERA_DATA_DIR", self.data()).env("BACKUPS", room.join("backups"));
        shell.env("KEYS", room.join("keys")).env("EXPORTS", room.join("exports"));
        shell.env("CHIMERA_LOG_PARTITIONS", "2").envs(self.told.iter().cloned());
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        shell
    }

    /// Carries out a section from its first block to its last.
    pub(crate) fn section(&self, heading: &str) -> String {
        let said = blocks(heading).into_iter().map(|block| self.carry_out(block).out);
        said.collect()
    }
}
