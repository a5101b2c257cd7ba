//! Several nodes of one shop on one Kafka, each with a directory of its own; killed, stopped, started again.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chimera_log_kafka::{KafkaLog, KafkaSettings};
use tempfile::TempDir;

use super::ports;
use crate::history::History;
use crate::http::get;
use crate::program::{PATIENCE, chimera};
use crate::serving::Serving;

const PAUSE: Duration = Duration::from_millis(20);

/// A shop of some nodes. Dropping it kills them.
pub(crate) struct Nodes {
    brokers: String,
    name: String,
    room: TempDir,
    running: Vec<Mutex<Serving>>,
}

impl Nodes {
    /// Starts them all at once and waits until they are ready.
    pub(crate) fn ready(brokers: &str, name: &str, count: usize) -> Self {
        let room = tempfile::tempdir().unwrap();
        let mut shop =
            Self { brokers: brokers.to_owned(), name: name.to_owned(), room, running: Vec::new() };
        for number in 0..count {
            shop.running.push(Mutex::new(shop.start(number)));
        }
        (0..count).for_each(|number| shop.wait(number));
        shop
    }

    fn data(&self, number: usize) -> PathBuf {
        self.room.path().join(format!("node-{number}"))
    }

    /// What every program of this shop is told.
    pub(crate) fn settings(&self) -> Vec<String> {
        let Self { brokers, name, .. } = self;
        let set = [
            format!("kafka.topic_prefix={name}."),
            format!("kafka.cluster={name}"),
            format!("node.address=127.0.0.1:{}", ports::free()),
        ];
        let mut settings = ["--log", "kafka", "--partitions", "4", "--brokers", brokers]
            .map(str::to_owned)
            .to_vec();
        for setting in set {
            settings.extend(["--set".to_owned(), setting]);
        }
        settings
    }

    fn start(&self, number: usize) -> Serving {
        let grpc = format!("127.0.0.1:{}", ports::free());
        let mut command = chimera(&["serve", "--http", "127.0.0.1:0", "--grpc", &grpc]);
        Serving::of(command.args(self.settings()).arg("--data").arg(self.data(number)))
    }

    fn wait(&self, number: usize) {
        let address = self.address(number);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = match get("/health/ready").send(address) {
                Ok(answer) if answer.status == 200 => return,
                Ok(answer) => answer.text,
                Err(error) => error.to_string(),
            };
            assert!(Instant::now() < deadline, "node {number} is not ready: {said}");
            thread::sleep(PAUSE);
        }
    }

    fn with<T>(&self, number: usize, what: impl FnOnce(&mut Serving) -> T) -> T {
        what(&mut self.running[number].lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn count(&self) -> usize {
        self.running.len()
    }

    pub(crate) fn address(&self, number: usize) -> SocketAddr {
        self.with(number, |node| node.address)
    }

    pub(crate) fn signal(&self, number: usize, signal: &str) {
        self.with(number, |node| node.signal(signal));
    }

    /// kill -9, and a new process on what it left.
    pub(crate) fn kill_and_start(&self, number: usize) {
        self.with(number, Serving::kill);
        let started = self.start(number);
        self.with(number, |node| *node = started);
    }

    /// Waits until every node is ready.
    pub(crate) fn all_ready(&self) {
        for number in 0..self.count() {
            assert!(!self.with(number, Serving::has_ended), "node {number} has ended by itself");
            self.wait(number);
        }
    }

    /// Ends all in order, then reads their log through `brokers`.
    pub(crate) fn history(self, brokers: &str) -> History {
        for node in self.running {
            assert!(node.into_inner().unwrap_or_else(PoisonError::into_inner).stop().success());
        }
        let topic_prefix = format!("{}.", self.name);
        let settings = KafkaSettings { topic_prefix, ..KafkaSettings::new(brokers, &self.name) };
        History::on(&KafkaLog::open(settings).unwrap())
    }
}
