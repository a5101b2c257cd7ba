//! A shop that moves: from a directory to a cluster with other ids of schemas, on to one with other offsets, and back, each time by
//! a restore point, killed on the way; judged by `replay verify`, by the history of an order, and by going on with the shop.
//!
//! Needs `CHIMERA_STACK=1`, Kafka and a schema registry. `CHIMERA_STACK_RUNS=10` makes ten times as many kills.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]
#![allow(dead_code, reason = "what is shared with the other stories is not all needed here")]

mod offsets;
#[path = "../chaos/ports.rs"]
mod ports;
#[path = "../stories/program.rs"]
mod program;

use std::collections::BTreeSet;
use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use program::{Said, chimera, end, replay, start};
use serde_json::Value;
use tempfile::TempDir;

const DEMO: [&str; 7] = ["demo", "--once", "--products", "30", "--customers", "8", "--orders"];
/// Of each stream.
const PARTITIONS: u32 = 3;

/// A room with data directories, and names on the cluster that nobody else has.
struct Room {
    dir: TempDir,
    name: String,
}

impl Room {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The settings of a shop: in its directory if it is `home`, else on the cluster.
    fn settings(&self, shop: &str) -> Vec<String> {
        let place = |name: &str, usual: &str| env::var(name).unwrap_or_else(|_| usual.to_owned());
        let mut settings = vec![format!("log.partitions={PARTITIONS}")];
        if shop != "home" && shop != "back" {
            let name = format!("{}-{shop}", self.name);
            let registry = place("CHIMERA_STACK_REGISTRY", "http://127.0.0.1:8081/apis/ccompat/v7");
            settings.push("log.kind=kafka".to_owned());
            settings.push(format!("kafka.brokers={}", broker()));
            settings.push(format!("kafka.topic_prefix={name}."));
            settings.push(format!("kafka.cluster={name}"));
            settings.push(format!("registry.url={registry}"));
            settings.push(format!("node.address=127.0.0.1:{}", ports::free()));
        }
        settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]).collect()
    }

    /// `replay` on a shop; `@` before a word is a path in the room.
    fn replay(&self, shop: &str, words: &str) -> Said {
        let words = self.words(shop, words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        replay(&self.path(shop), &words)
    }

    fn words(&self, shop: &str, words: &str) -> Vec<String> {
        let place = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.path(name).display().to_string(),
            None => word.to_owned(),
        };
        words.split_whitespace().map(place).chain(self.settings(shop)).collect()
    }

    /// Fills the shop up to so many orders, or finds everything there.
    fn demo(&self, shop: &str, orders: u32) -> Value {
        let mut command = chimera(&DEMO);
        command.args([&orders.to_string(), "--format", "json", "--data"]).arg(self.path(shop));
        end(start(command.args(self.settings(shop)))).json()
    }

    /// The last sequence of each partition.
    fn ends(&self, shop: &str) -> Vec<(Value, Value, Value)> {
        let report = self.replay(shop, "status --format json").json();
        let partitions = report["partitions"].as_array().unwrap().clone();
        let end =
            |one: &Value| (one["stream"].clone(), one["partition"].clone(), one["last"].clone());
        partitions.iter().map(end).collect()
    }

    /// Where each partition ends in Kafka's own count.
    fn offsets(&self, shop: &str) -> Vec<i64> {
        let ends = self.ends(shop);
        let streams: BTreeSet<&str> = ends.iter().map(|end| end.0.as_str().unwrap()).collect();
        let topic = |stream: &&str| format!("{}-{shop}.{stream}", self.name);
        let topics = streams.iter().map(topic);
        topics.flat_map(|topic| offsets::ends(&broker(), &topic, PARTITIONS)).collect()
    }

    /// An order's events and state.
    fn order(&self, shop: &str) -> Value {
        self.replay(shop, "inspect order demo-42-000001 --format json").json()
    }

    /// Restores the newest point into a shop, killed a few times on the way.
    fn restore(&self, shop: &str, rng: &mut Rng) {
        let restore = "restore --from @backups --trust @key.pub --format json";
        let runs: u32 = env::var("CHIMERA_STACK_RUNS").map_or(1, |runs| runs.parse().unwrap());
        for _ in 0..2 * runs {
            let mut command = Command::new(env!("CARGO_BIN_EXE_story-replay"));
            command.args(self.words(shop, restore)).arg("--data").arg(self.path(shop));
            let mut child = start(command.stdout(Stdio::null()).stderr(Stdio::null()));
            let deadline = Instant::now() + Duration::from_millis(rng.u64(50..3000));
            while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
                thread::sleep(Duration::from_millis(5));
            }
            let _ = child.kill();
            child.wait().unwrap();
        }
        let report = self.replay(shop, restore).json();
        assert_eq!(report["verdict"], "done", "{report:#}");
    }

    /// Losing the cluster is rehearsed beside it, and it does not notice.
    fn is_rehearsed(&self, shop: &str) {
        let ends = self.ends(shop);
        let drill = "drill --from @backups --trust @key.pub --key @key --report @drill";
        let report = self.replay(shop, &format!("{drill} --format json")).json();
        assert_eq!((&report["verdict"], &report["rpo"]["lacking"]), (&"reached".into(), &0.into()));
        assert_eq!(self.ends(shop), ends);
    }

    fn is_as(&self, shop: &str, other: &str) {
        assert_eq!(self.ends(shop), self.ends(other), "{shop} and {other}");
        assert_eq!(self.order(shop), self.order(other), "{shop} and {other}");
    }

    fn is_sound(&self, shop: &str) {
        let log = self.replay(shop, "verify --log --format json").json();
        assert_eq!(log["log"]["verdict"], "sound", "{shop}: {log:#}");
        self.replay(shop, "run --all").ended_with(0);
        let report = self.replay(shop, "verify --format json").json();
        assert_eq!(report["log"]["verdict"], "sound", "{shop}: {report:#}");
        assert_eq!(report["verdict"], "identical", "{shop}: {report:#}");
    }
}

fn broker() -> String {
    env::var("CHIMERA_STACK_KAFKA").unwrap_or_else(|_| "127.0.0.1:9092".to_owned())
}

#[test]
fn a_shop_moves_by_restore_points_and_goes_on_as_if_nothing_had_been() {
    if env::var("CHIMERA_STACK").as_deref() != Ok("1") {
        eprintln!(
            "left out: needs Kafka and a schema registry; start the stack and set CHIMERA_STACK=1"
        );
        return;
    }
    let mut rng = Rng::with_seed(42);
    let name = format!("bk{:08x}", Rng::new().u32(..));
    let room = Room { dir: tempfile::tempdir().unwrap(), name };
    room.demo("home", 60);
    room.replay("home", "backup --to @backups --new-key @key").ended_with(0);
    // Other ids: those of the registry.
    room.restore("abroad", &mut rng);
    room.is_as("abroad", "home");
    room.is_sound("abroad");
    let ends = room.ends("abroad");
    room.demo("abroad", 60);
    assert_eq!(room.ends("abroad"), ends, "everything was there");
    // Other offsets: what was done in many small transactions comes in few large ones, with fewer markers between.
    room.demo("abroad", 80);
    room.replay("abroad", "backup --to @backups --key @key").ended_with(0);
    room.replay("abroad", "verify-backup --from @backups --trust @key.pub --deep").ended_with(0);
    room.is_rehearsed("abroad");
    room.restore("further", &mut rng);
    let (abroad, further) = (room.offsets("abroad"), room.offsets("further"));
    let shifted = abroad.iter().zip(&further).filter(|(abroad, further)| abroad != further).count();
    eprintln!("{shifted} of {} partitions end at other offsets", abroad.len());
    assert!(2 * shifted > abroad.len(), "{abroad:?} and {further:?}");
    room.is_as("further", "abroad");
    room.is_sound("further");
    room.restore("back", &mut rng);
    room.is_as("back", "abroad");
    room.is_sound("back");
}
