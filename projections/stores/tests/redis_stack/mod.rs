//! The Redis of the tests: the one that everybody shares, under a prefix of one's own, or one of one's own to kill and to fill.
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]
#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "used by several tests")]

use std::collections::hash_map::RandomState;
use std::env;
use std::hash::BuildHasher;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chimera_model::{KvMutation, KvSpec};
use chimera_stores::{Checkpoint, RedisKv, RedisOptions, View};
use tempfile::TempDir;

pub(crate) static SPACE: KvSpec = KvSpec { space: "product", parts: &["product", "stock"] };
pub(crate) const VIEW: View = View::new("shelf", 1);

/// Whether real services are there; if not, says so.
pub(crate) fn is_there() -> bool {
    let there = env::var("CHIMERA_STACK").as_deref() == Ok("1");
    if !there {
        eprintln!("left out: needs Redis; start the stack and set CHIMERA_STACK=1");
    }
    there
}

/// The shared one.
pub(crate) fn shared() -> String {
    env::var("CHIMERA_STACK_REDIS").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned())
}

/// A prefix that nobody else has; its keys are gone when it is dropped.
pub(crate) struct Prefix {
    url: String,
    pub(crate) text: String,
}

impl Prefix {
    pub(crate) fn fresh(url: &str) -> Self {
        let random = RandomState::new().hash_one(std::process::id());
        Self { url: url.to_owned(), text: format!("test-{random:016x}:") }
    }

    pub(crate) fn options(&self) -> RedisOptions {
        RedisOptions { prefix: self.text.clone(), ..RedisOptions::new(&self.url) }
    }

    pub(crate) fn store(&self) -> Arc<RedisKv> {
        Arc::new(RedisKv::new(&self.options()).unwrap())
    }

    /// All keys under it, in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let (mut found, mut cursor) = (Vec::new(), 0_u64);
        loop {
            let pattern = format!("{}*", self.text);
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(1000);
            let (next, keys): (u64, Vec<String>) = scan.query(&mut raw(&self.url)).unwrap();
            found.extend(keys);
            cursor = next;
            if cursor == 0 {
                found.sort();
                found.dedup();
                return found;
            }
        }
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        for key in self.keys() {
            let _: () = redis::cmd("UNLINK").arg(key).query(&mut raw(&self.url)).unwrap();
        }
    }
}

/// A connection beside the store's.
pub(crate) fn raw(url: &str) -> redis::Connection {
    redis::Client::open(url).unwrap().get_connection().unwrap()
}

/// One command beside the store.
pub(crate) fn run(url: &str, words: &[&str]) {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.exec(&mut raw(url)).unwrap();
}

/// A Redis of one's own; killed when dropped.
pub(crate) struct Own {
    dir: TempDir,
    port: u16,
    settings: Vec<String>,
    process: Child,
}

impl Own {
    /// With these settings and no persistence but what they say.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings: Vec<String> = settings.iter().map(|&word| word.to_owned()).collect();
        let process = spawn(&dir, port, &settings);
        let own = Self { dir, port, settings, process };
        own.wait();
        own
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// As kill -9 does, then starts it again with what lies on its disk.
    pub(crate) fn kill_and_restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = spawn(&self.dir, self.port, &self.settings);
        self.wait();
    }

    fn wait(&self) {
        let (client, began) = (redis::Client::open(self.url()).unwrap(), Instant::now());
        while began.elapsed() < Duration::from_secs(20) {
            // One that asks for a password is up as well.
            match client.get_connection().and_then(|mut c| redis::cmd("PING").exec(&mut c)) {
                Ok(()) => return,
                Err(error) if error.code() == Some("NOAUTH") => return,
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        panic!("Redis does not answer on {}", self.port);
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(dir: &TempDir, port: u16, settings: &[String]) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
    command.arg("--dir").arg(dir.path()).args(settings).stdout(Stdio::null());
    command.spawn().expect("redis-server is installed")
}

/// A value whose content follows from its id and version.
pub(crate) fn mutation(number: usize, version: u64) -> KvMutation {
    let value = Some(format!("{{\"title\":\"number {number}\",\"version\":{version}}}"));
    KvMutation { space: &SPACE, id: format!("P-{number}"), part: "product", value, version }
}

/// The first `count` values.
pub(crate) fn mutations(count: usize, version: u64) -> Vec<KvMutation> {
    (0..count).map(|number| mutation(number, version)).collect()
}

pub(crate) fn at(partition: u32, sequence: u64) -> Checkpoint {
    Checkpoint { stream: "ecommerce.product.product".into(), partition, sequence }
}
