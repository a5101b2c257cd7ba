//! What an operator may set. Owns the defaults; never decides what keeps the log correct (see `config`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZero;
use std::thread;
use std::time::Duration;

/// Where Kafka is and how this log uses it.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port`, separated by commas.
    pub brokers: String,
    /// Names this installation; the prefix of transactional ids, so that two on one Kafka do not fence each other.
    pub cluster: String,
    /// Stands before the name of every topic; topics without it are no streams of this log.
    pub topic_prefix: String,
    /// Replicas of the topics that are created; from 3 on, two of them must have a record before it is acknowledged.
    pub replication: i32,
    /// Further properties of librdkafka, such as those of TLS and SASL. Those that keep the log correct cannot be changed.
    pub properties: BTreeMap<String, String>,
    /// `host:port` at which the others send commands to this process; stands beside each of its claims.
    pub advertised: String,
    /// The streams of which this process wants partitions; without it, all.
    pub wanted: Option<BTreeSet<String>>,
    /// How this process shares the partitions with others; without it, all are its own.
    pub membership: Option<Membership>,
    /// How many transactions of this process run at once.
    pub transactions_at_once: usize,
    /// How long anything may take.
    pub deadlines: Deadlines,
}

impl KafkaSettings {
    /// The settings for one broker without replicas; an installation for keeps raises `replication`.
    #[must_use]
    pub fn new(brokers: &str, cluster: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            cluster: cluster.to_owned(),
            topic_prefix: String::new(),
            replication: 1,
            properties: BTreeMap::new(),
            advertised: String::new(),
            wanted: None,
            membership: None,
            transactions_at_once: thread::available_parallelism().map_or(1, NonZero::get) + 1,
            deadlines: Deadlines::default(),
        }
    }

    /// The topic of a stream.
    pub(crate) fn topic(&self, stream: &str) -> String {
        format!("{}{stream}", self.topic_prefix)
    }
}

/// Properties may hold a password: only their names are shown.
impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: Vec<&String> = self.properties.keys().collect();
        f.debug_struct("KafkaSettings")
            .field("brokers", &self.brokers)
            .field("cluster", &self.cluster)
            .field("topic_prefix", &self.topic_prefix)
            .field("properties", &properties)
            .finish_non_exhaustive()
    }
}

/// How quickly the others notice that a process is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Silence after which a process counts as gone; not below the broker's `group.min.session.timeout.ms`.
    pub session: Duration,
    /// How often it gives a sign; a third of the session at most.
    pub heartbeat: Duration,
}

impl Default for Membership {
    fn default() -> Self {
        Self { session: Duration::from_millis(1_500), heartbeat: Duration::from_millis(500) }
    }
}

/// How long the log tries before it says that it cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// One question to the broker.
    pub request: Duration,
    /// A claim; must outlast the half second that Kafka needs for a predecessor killed inside a transaction.
    pub claim: Duration,
    /// The delivery of an append's records, and as long again for its commit; then the outcome is unknown.
    pub append: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            claim: Duration::from_secs(30),
            append: Duration::from_secs(16),
        }
    }
}
