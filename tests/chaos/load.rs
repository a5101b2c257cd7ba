//! Commands without a pause, one client a way: to every partition of the stock, by every node. Each client notes when it was
//! answered, so that the longest silence of a partition is known afterwards.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chimera_domain::aggregate::Aggregate;
use chimera_domain::stock::Stock;
use chimera_log::{Partition, partition_of};
use serde_json::json;

use super::nodes::Nodes;
use crate::history::History;
use crate::http::{Answer, Ask, post};
use crate::program::soon;
use crate::serving::adjustment;

pub(crate) const PARTITIONS: u32 = Nodes::PARTITIONS;
const PAUSE: Duration = Duration::from_millis(5);

/// A partition of the stock.
pub(crate) fn partition(index: u32) -> Partition {
    Partition::new(Stock::STREAM, index)
}

/// A product whose stock is in a partition.
pub(crate) fn product_in(index: u32) -> String {
    let mut names = (0..).map(|number| format!("P-{index}-{number}"));
    names.find(|name| partition_of(name, PARTITIONS) == index).unwrap()
}

/// A product for each partition, its stock known.
pub(crate) fn introduce(nodes: &Nodes) {
    for index in 0..PARTITIONS {
        let product = product_in(index);
        let price = json!({"amount": "10.00", "currency": "GBP"});
        let body = json!({"productId": product, "details": {"title": product}, "price": price});
        post("/api/v1/products", &body).key(&product).send(nodes.address(0)).unwrap().is(201);
        adjustment(&product, 1).key(&product).send(nodes.address(0)).unwrap().is(201);
    }
}

/// One client: a partition, and the node that it asks.
pub(crate) struct Client<'a> {
    pub(crate) nodes: &'a Nodes,
    pub(crate) index: u32,
    pub(crate) node: usize,
    /// The node that it asks when the other one has closed the connection.
    pub(crate) other: usize,
    /// It may be told that nothing was written, and then asks the same again.
    pub(crate) insists: bool,
}

/// When a partition's commands were sent and accepted.
pub(crate) type Accepted = BTreeMap<u32, Vec<(Instant, Instant)>>;

impl Client<'_> {
    /// Fills the shelf, unit by unit, until it is over. Nothing may fail else; a connection that was closed is followed by the same
    /// command to the other node, once, and the other node is asked from then on.
    fn work(&self, over: &AtomicBool) -> Vec<(Instant, Instant)> {
        // Once, for whoever waits for a node to end holds on to it.
        let [mut address, other] = [self.node, self.other].map(|node| self.nodes.address(node));
        let mut accepted = Vec::new();
        let mut number = 0;
        while !over.load(Ordering::Relaxed) {
            number += 1;
            let key = format!("{}-{}-{number}", self.index, self.node);
            let ask = adjustment(&product_in(self.index), 1).key(&key);
            let sent = Instant::now();
            let answer = ask.send(address).or_else(|_| {
                address = other;
                ask.send(address)
            });
            let answer = answer.unwrap();
            if self.insists && answer.status == 503 {
                number -= 1;
                continue;
            }
            answer.is(201);
            accepted.push((sent, Instant::now()));
        }
        accepted
    }
}

/// Lets the clients work while `what` happens.
pub(crate) fn under_load(clients: &[Client<'_>], what: impl FnOnce()) -> Accepted {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let started: Vec<_> =
            clients.iter().map(|client| scope.spawn(|| client.work(&over))).collect();
        let ends = Ends(&over);
        what();
        drop(ends);
        let mut accepted = Accepted::new();
        for (client, started) in clients.iter().zip(started) {
            accepted.entry(client.index).or_default().extend(started.join().unwrap());
        }
        accepted
    })
}

/// Ends the load, however the scope is left.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The longest time between two answers to the clients of one partition, for whom it passed after `since`.
pub(crate) fn longest_silence(accepted: &[(Instant, Instant)], since: Instant) -> Duration {
    let mut answers: Vec<Instant> = accepted.iter().map(|(_, answered)| *answered).collect();
    answers.sort_unstable();
    let later = answers.windows(2).filter(|pair| pair[1] > since);
    later.map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

/// The longest that a command waited for its answer, which came after `since`.
pub(crate) fn longest_wait(accepted: &[(Instant, Instant)], since: Instant) -> Duration {
    let later = accepted.iter().filter(|(_, answered)| *answered > since);
    later.map(|(sent, answered)| *answered - *sent).max().unwrap_or_default()
}

/// Asks until there is an answer that is none of a node in trouble.
pub(crate) fn insist(nodes: &Nodes, node: usize, ask: &Ask) -> Answer {
    soon("an answer", || {
        let answer = ask.send(nodes.address(node)).ok().filter(|answer| answer.status < 500);
        if answer.is_none() {
            thread::sleep(PAUSE);
        }
        answer
    })
}

/// Every command that was accepted is in the log, once.
#[track_caller]
pub(crate) fn is_in(history: &History, accepted: &Accepted) {
    for (index, accepted) in accepted {
        let balance = history.stock[&*product_in(*index)].balance();
        // One unit was there before.
        assert_eq!(balance.on_hand, 1 + i64::try_from(accepted.len()).unwrap(), "{index}");
    }
}
