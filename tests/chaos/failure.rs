//! What befalls a shop of several nodes: the kind of a failure, its victim and its moment, all from a seed.

use std::thread;
use std::time::Duration;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_domain::stock::Stock;
use chimera_log::{Partition, partition_of};
use fastrand::Rng;

use super::kafka::Kafka;
use super::nodes::Nodes;
use super::proxy::{Api, Fault, Proxy, Rule};
use super::rival;
use super::shoppers::{PRODUCTS, product};
use crate::program::soon;

/// How many milliseconds a commit is under way, so that the failure falls into it.
const HELD: std::ops::Range<u64> = 300..2_500;
/// Milliseconds until the broker has a commit, and a while longer: before, inside and after it.
const INSIDE: std::ops::Range<u64> = 0..20;
/// How many milliseconds somebody killed is away, besides the time that it takes to start.
const AWAY: std::ops::Range<u64> = 0..3_000;
/// How many milliseconds somebody stopped sleeps on, after another has taken over.
const ASLEEP: std::ops::Range<u64> = 0..1_500;
/// How many milliseconds the network is broken: shorter and longer than a session.
const BROKEN: std::ops::Range<u64> = 200..5_000;
/// How often a rival claims.
const CLAIMS: std::ops::Range<usize> = 3..8;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Failure {
    /// kill -9 of an owner inside a commit.
    KilledOwner,
    /// SIGSTOP of an owner inside a commit, until after another has taken over, and SIGCONT.
    StoppedOwner,
    /// kill -9 of the broker inside a commit, and a new start.
    KilledBroker,
    /// The network between nodes and broker is cut, silent or closed inside a commit, and whole again after a while.
    BrokenNetwork,
    /// Another process claims a partition again and again, and its owner takes it back each time.
    Rival,
}

const KINDS: [Failure; 5] = [
    Failure::KilledOwner,
    Failure::StoppedOwner,
    Failure::KilledBroker,
    Failure::BrokenNetwork,
    Failure::Rival,
];

/// How many kinds there are.
pub(crate) const MANY: u64 = KINDS.len() as u64;

/// Where it happens.
pub(crate) struct Scene<'a> {
    pub(crate) nodes: &'a Nodes,
    pub(crate) kafka: &'a mut Kafka,
    pub(crate) proxy: &'a Proxy,
    pub(crate) rng: &'a mut Rng,
}

impl Failure {
    /// As many seeds in a row as there are kinds have one of each.
    pub(crate) fn of(seed: u64) -> Self {
        KINDS[usize::try_from(seed % MANY).unwrap()]
    }

    /// Lets it happen to one partition and come to its end. The partition.
    pub(crate) fn befalls(self, scene: &mut Scene<'_>) -> Partition {
        let partition = scene.partition();
        match self {
            Self::KilledOwner => scene.kill_owner(&partition),
            Self::StoppedOwner => scene.stop_owner(&partition),
            Self::KilledBroker => scene.kill_broker(&partition),
            Self::BrokenNetwork => scene.break_network(&partition),
            Self::Rival => {
                let claims = scene.rng.usize(CLAIMS);
                rival::contests(scene.nodes, &scene.kafka.clients(), &partition, claims);
            }
        }
        scene.proxy.heal();
        partition
    }
}

impl Scene<'_> {
    /// One in which the shoppers write.
    fn partition(&mut self) -> Partition {
        let partitions = Nodes::PARTITIONS;
        if self.rng.bool() {
            return Partition::new(Order::STREAM, self.rng.u32(..partitions));
        }
        let product = product(self.rng.i64(0..PRODUCTS));
        Partition::new(Stock::STREAM, partition_of(&product, partitions))
    }

    fn pause(&mut self, millis: std::ops::Range<u64>) {
        thread::sleep(Duration::from_millis(self.rng.u64(millis)));
    }

    /// Waits until the partition's owner is inside a commit that takes long: its request or the answer is under way. The owner.
    fn in_a_commit(&mut self, partition: &Partition) -> usize {
        let owner = self.nodes.owner(partition);
        let longer = Duration::from_millis(self.rng.u64(HELD));
        let fault =
            if self.rng.bool() { Fault::HoldRequest(longer) } else { Fault::HoldAnswer(longer) };
        let before = self.proxy.applied();
        self.proxy.rule(Rule::once(Api::EndTxn, fault).of(&self.nodes.transactions_of(partition)));
        soon("a commit", || (self.proxy.applied() > before).then_some(()));
        self.pause(INSIDE);
        owner
    }

    fn kill_owner(&mut self, partition: &Partition) {
        let owner = self.in_a_commit(partition);
        self.nodes.kill(owner);
        self.pause(AWAY);
        self.nodes.start_again(owner);
    }

    fn stop_owner(&mut self, partition: &Partition) {
        let owner = self.in_a_commit(partition);
        self.nodes.signal(owner, "STOP");
        let others: Vec<usize> =
            (0..self.nodes.count()).filter(|&number| number != owner).collect();
        soon("a takeover", || self.nodes.owner_among(&others, partition));
        self.pause(ASLEEP);
        self.nodes.signal(owner, "CONT");
    }

    fn kill_broker(&mut self, partition: &Partition) {
        self.in_a_commit(partition);
        self.kafka.brokers[0].kill();
        self.pause(AWAY);
        self.kafka.brokers[0].start();
        self.kafka.brokers[0].wait();
    }

    fn break_network(&mut self, partition: &Partition) {
        self.in_a_commit(partition);
        match self.rng.u32(..3) {
            0 => return self.proxy.cut(),
            1 => self.proxy.silence(),
            _ => {
                self.proxy.refuse();
                self.proxy.cut();
            }
        }
        self.pause(BROKEN);
    }
}
