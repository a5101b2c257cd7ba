//! Another process that believes that a partition of a shop is its own. It claims as nodes do, and never writes an event.

use chimera_log::{EventLog, Partition};
use chimera_log_kafka::{KafkaLog, KafkaSettings};

use super::nodes::Nodes;
use super::ports;
use crate::program::soon;

/// Claims the partition so many times, each time when the shop has taken it back. Nobody answers where the rival says that it is.
pub(crate) fn contests(nodes: &Nodes, brokers: &str, partition: &Partition, claims: usize) {
    let advertised = format!("127.0.0.1:{}", ports::free());
    let settings = KafkaSettings { advertised, ..nodes.log(brokers) };
    let log = soon("the log", || KafkaLog::open(settings.clone()).ok());
    let owners = log.owners();
    for _ in 0..claims {
        let writer = soon("a claim", || log.claim(partition).ok());
        let term = writer.term();
        soon("the shop's claim", || {
            owners.borrow().get(partition).filter(|owner| owner.term > term).map(|_| ())
        });
    }
}
