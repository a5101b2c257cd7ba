//! A shop whose log lies in a directory and whose read models lie in the real stores, under names of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use serde_json::Value;
use tempfile::TempDir;

use crate::places::{cassandra, opensearch, redis};
use crate::program::{Said, chimera, end, replay, start};

/// Gone with the test, but for what the stores hold.
pub(crate) struct Shop {
    room: TempDir,
    name: String,
}

impl Shop {
    /// A shop of this name, which no other shop in these stores has had.
    pub(crate) fn new(story: &str) -> Self {
        let room = tempfile::tempdir().unwrap();
        let random = fastrand::Rng::new().u32(..);
        Self { room, name: format!("{story}_{random:08x}") }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.room.path().join("data")
    }

    /// A file in its room.
    pub(crate) fn written(&self, name: &str, content: &str) -> PathBuf {
        let path = self.room.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Which stores, as flags of both programs.
    pub(crate) fn stores(&self) -> Vec<String> {
        let name = &self.name;
        let settings = [
            "stores.rows=cassandra".to_owned(),
            "stores.kv=redis".to_owned(),
            "stores.search=opensearch".to_owned(),
            format!("cassandra.nodes={}", cassandra()),
            format!("cassandra.keyspace={name}"),
            format!("redis.url={}", redis()),
            format!("redis.prefix={name}:"),
            format!("opensearch.url={}", opensearch()),
            format!("opensearch.prefix={name}-"),
        ];
        settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]).collect()
    }

    /// Begins to import a file.
    pub(crate) fn importing(&self, file: &Path) -> Child {
        let file = file.to_str().unwrap();
        let arguments = ["import", "online-retail", file, "--format", "json", "--partitions", "2"];
        start(chimera(&arguments).arg("--data").arg(self.data()).args(self.stores()))
    }

    /// Imports a file to its end; all books must balance.
    pub(crate) fn import(&self, file: &Path, when: &str) -> Value {
        reconciled(&end(self.importing(file)), when)
    }

    /// Every read model must be what an embedded one would be, up to the end of the log.
    pub(crate) fn is_identical(&self, when: &str) {
        let report = verified(&self.data(), &self.stores());
        assert_eq!(report["verdict"], "identical", "{when}: {report:#}");
        assert!(is_level(&report), "{when}: {report:#}");
    }
}

/// What `replay verify` says of a shop with these settings.
pub(crate) fn verified(data: &Path, settings: &[String]) -> Value {
    let mut arguments = vec!["verify", "--format", "json"];
    arguments.extend(settings.iter().map(String::as_str));
    replay(data, &arguments).json()
}

/// Whether every read model stands at the end of the log.
pub(crate) fn is_level(report: &Value) -> bool {
    report["models"].as_array().unwrap().iter().all(|model| model["lag"] == 0)
}

/// What an import said at its good end.
#[track_caller]
pub(crate) fn reconciled(said: &Said, when: &str) -> Value {
    assert_eq!(said.code, 0, "{when}: {}{}", said.out, said.err);
    let report = said.json();
    assert_eq!(report["reconciled"], true, "{when}: {report:#}\n{}", said.err);
    report
}
