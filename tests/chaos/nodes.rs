//! Several nodes of one shop on one Kafka, each with a directory of its own; killed, stopped, started again.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chimera_log::Partition;
use chimera_log_kafka::{KafkaLog, KafkaSettings};
use tempfile::TempDir;

use super::ports;
use crate::history::History;
use crate::http::get;
use crate::program::{chimera, soon, soon_or, start};
use crate::serving::Serving;

/// Far longer than anything takes beside which nodes are killed in turn.
const MOST_KILLS: usize = 300;

/// How soon the next node is killed.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) kill_to_kill: Duration,
    /// From when the one before is back.
    pub(crate) calm: Duration,
}

/// A shop of some nodes. Dropping it kills them.
pub(crate) struct Nodes {
    brokers: String,
    name: String,
    room: TempDir,
    /// What each node is told besides.
    told: Vec<Vec<String>>,
    running: Vec<Mutex<Serving>>,
}

impl Nodes {
    /// Of each stream.
    pub(crate) const PARTITIONS: u32 = 4;

    /// Starts them all at once and waits until they are ready.
    pub(crate) fn ready(brokers: &str, name: &str, count: usize) -> Self {
        Self::told(brokers, name, &vec![&[][..]; count])
    }

    /// As [`Nodes::ready`], each with arguments of its own.
    pub(crate) fn told(brokers: &str, name: &str, told: &[&[&str]]) -> Self {
        let room = tempfile::tempdir().unwrap();
        let owned = |told: &&[&str]| told.iter().map(|&word| word.to_owned()).collect();
        let told: Vec<Vec<String>> = told.iter().map(owned).collect();
        let (brokers, name, count) = (brokers.to_owned(), name.to_owned(), told.len());
        let mut shop = Self { brokers, name, room, told, running: Vec::new() };
        for number in 0..count {
            shop.running.push(Mutex::new(Serving::of(&mut shop.command(number))));
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
        let settings = [
            "log.kind=kafka".to_owned(),
            format!("log.partitions={}", Self::PARTITIONS),
            format!("kafka.brokers={brokers}"),
            format!("kafka.topic_prefix={name}."),
            format!("kafka.cluster={name}"),
            format!("node.address=127.0.0.1:{}", ports::free()),
        ];
        settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]).collect()
    }

    fn command(&self, number: usize) -> Command {
        let grpc = format!("127.0.0.1:{}", ports::free());
        let mut command = chimera(&["serve", "--http", "127.0.0.1:0", "--grpc", &grpc]);
        command.args(self.settings()).args(&self.told[number]);
        command.arg("--data").arg(self.data(number));
        command
    }

    /// Another program of this shop, with a directory of its own.
    pub(crate) fn beside(&self, arguments: &[&str]) -> Child {
        let mut command = chimera(arguments);
        command.args(self.settings()).arg("--data").arg(self.own_data());
        start(&mut command)
    }

    /// The directory of what runs beside the nodes.
    pub(crate) fn own_data(&self) -> PathBuf {
        self.room.path().join("beside")
    }

    fn wait(&self, number: usize) {
        let address = self.address(number);
        soon_or(|| match get("/health/ready").send(address) {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(format!("node {number} is not ready: {}", answer.text)),
            Err(error) => Err(format!("node {number} is not ready: {error}")),
        });
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

    /// kill -9.
    pub(crate) fn kill(&self, number: usize) {
        self.with(number, Serving::kill);
    }

    /// Waits until it has ended in order.
    pub(crate) fn ends(&self, number: usize) {
        assert!(self.with(number, Serving::end).success(), "node {number} did not end in order");
    }

    /// A new process on what it left. As whoever looks after it would, starts another if that one ends at once: a node does not
    /// wait without end for a Kafka that does not answer.
    #[expect(clippy::print_stderr, reason = "why a node has ended at its start")]
    pub(crate) fn start_again(&self, number: usize) {
        let started = soon("a node that listens", || {
            let started = Serving::try_of(&mut self.command(number));
            started.inspect_err(|said| eprintln!("node {number} has ended: {said:#?}")).ok()
        });
        self.with(number, |node| *node = started);
    }

    /// kill -9, and a new process on what it left.
    pub(crate) fn kill_and_start(&self, number: usize) {
        self.kill(number);
        self.start_again(number);
    }

    /// One after the other, until it is over. How many were killed.
    pub(crate) fn kill_in_turn(&self, pace: Pace, is_over: impl Fn() -> bool) -> usize {
        let (mut kills, mut next) = (0, Instant::now() + pace.kill_to_kill.max(pace.calm));
        while !is_over() && kills < MOST_KILLS {
            thread::sleep(next.saturating_duration_since(Instant::now()));
            next = Instant::now() + pace.kill_to_kill;
            self.kill_and_start(kills % self.count());
            next = next.max(Instant::now() + pace.calm);
            kills += 1;
        }
        kills
    }

    /// A figure of a partition as this node reports it, if it does.
    pub(crate) fn figure(&self, number: usize, name: &str, partition: &Partition) -> Option<f64> {
        let page = get("/metrics").send(self.address(number)).ok()?.text;
        let begin = format!("{name}{{partition=\"{partition}\"}} ");
        page.lines().find_map(|line| line.strip_prefix(&begin)?.parse().ok())
    }

    /// The node that serves a partition.
    pub(crate) fn owner(&self, partition: &Partition) -> usize {
        let all: Vec<usize> = (0..self.count()).collect();
        soon("an owner", || self.owner_among(&all, partition))
    }

    /// Which of some nodes serves a partition, if one does.
    pub(crate) fn owner_among(&self, numbers: &[usize], partition: &Partition) -> Option<usize> {
        let owned = |number| self.figure(number, "partition_owned", partition).unwrap_or(0.0);
        numbers.iter().copied().find(|&number| owned(number) > 0.5)
    }

    /// What the ids of the transactions on a partition begin with.
    pub(crate) fn transactions_of(&self, partition: &Partition) -> String {
        let (name, Partition { stream, index }) = (&self.name, partition);
        format!("{name}.{name}.{stream}.{index}.")
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
        let settings = self.log(brokers);
        for node in self.running {
            assert!(node.into_inner().unwrap_or_else(PoisonError::into_inner).stop().success());
        }
        History::on(&KafkaLog::open(settings).unwrap())
    }

    /// How their log is opened through `brokers`.
    pub(crate) fn log(&self, brokers: &str) -> KafkaSettings {
        let topic_prefix = format!("{}.", self.name);
        KafkaSettings { topic_prefix, ..KafkaSettings::new(brokers, &self.name) }
    }
}
