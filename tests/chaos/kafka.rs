//! One broker or three of them, with a replica on each, under the control of a test.

use std::thread;

use tempfile::TempDir;

use super::Chaos;
use super::broker::{Broker, Listens};

/// A cluster. Dropping it ends every process and removes every file.
pub(crate) struct Kafka {
    pub(crate) brokers: Vec<Broker>,
    // Dropped after the processes that write into it.
    _room: TempDir,
}

impl Kafka {
    /// Starts it and waits until every broker listens.
    pub(crate) fn start(chaos: &Chaos, brokers: usize) -> Self {
        let room = tempfile::tempdir().unwrap();
        let nodes: Vec<Listens> = (1..=brokers).map(Listens::free).collect();
        let mut brokers = Vec::new();
        for listens in &nodes {
            brokers.push(Broker::new(&chaos.programs, room.path(), &nodes, *listens));
        }
        let mut kafka = Self { brokers, _room: room };
        kafka.brokers.iter_mut().for_each(Broker::start);
        kafka.brokers.iter_mut().for_each(Broker::wait);
        kafka
    }

    /// Where clients find it.
    pub(crate) fn clients(&self) -> String {
        let ports = self.brokers.iter().map(|broker| broker.listens.clients);
        ports.map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
    }

    /// How many replicas a topic has.
    pub(crate) fn replication(&self) -> i32 {
        if self.brokers.len() >= 3 { 3 } else { 1 }
    }
}

impl Drop for Kafka {
    #[expect(clippy::print_stderr, reason = "what a story that fails has to say")]
    fn drop(&mut self) {
        if thread::panicking() {
            for broker in &self.brokers {
                eprintln!("broker {}:\n{}", broker.listens.id, broker.last_words());
            }
        }
    }
}
