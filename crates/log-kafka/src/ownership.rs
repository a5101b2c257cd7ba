//! Which partitions are this process's own: all there are, or those that Kafka's group protocol gives it.
//!
//! The group only spreads the work. It fences nobody: two processes may believe for a moment that a partition is theirs, and
//! the transactional ids decide between them. Nothing is consumed here; every partition is paused as soon as it is given.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use chimera_log::{Ownership, Partition};
use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::TopicPartitionList;
use tokio::sync::watch;

use crate::cluster::Streams;
use crate::config;
use crate::settings::{KafkaSettings, Membership};

/// How long a new stream or the end of the log may wait until the member notices.
const LOOK: Duration = Duration::from_millis(100);

/// What this process owns.
pub(crate) struct Owned {
    owned: Arc<watch::Sender<Ownership>>,
    /// Takes the topics of which the member wants its share; none if all is ours.
    member: Option<Mutex<mpsc::Sender<Vec<String>>>>,
}

impl Owned {
    pub(crate) fn new(settings: &KafkaSettings) -> KafkaResult<Self> {
        let owned = Arc::new(watch::Sender::default());
        let member = match &settings.membership {
            Some(membership) => Some(Mutex::new(join(settings, membership, owned.clone())?)),
            None => None,
        };
        Ok(Self { owned, member })
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Ownership> {
        self.owned.subscribe()
    }

    /// These are the streams now.
    pub(crate) fn know(&self, streams: &Streams, settings: &KafkaSettings) {
        let Some(member) = &self.member else {
            announce(&self.owned, all_of(streams));
            return;
        };
        let topics = streams.keys().map(|stream| settings.topic(stream)).collect();
        // A member that has ended says so itself.
        let _ = member.lock().unwrap_or_else(PoisonError::into_inner).send(topics);
    }
}

fn all_of(streams: &Streams) -> Ownership {
    let mut all = Ownership::new();
    for (stream, partitions) in streams {
        for index in 0..*partitions {
            all.insert(Partition { stream: stream.clone(), index });
        }
    }
    all
}

fn announce(owned: &watch::Sender<Ownership>, now: Ownership) {
    owned.send_if_modified(|before| {
        let changed = *before != now;
        *before = now;
        changed
    });
}

/// Starts the member; it leaves the group when the log is dropped.
fn join(
    settings: &KafkaSettings,
    membership: &Membership,
    owned: Arc<watch::Sender<Ownership>>,
) -> KafkaResult<mpsc::Sender<Vec<String>>> {
    let member = Member { prefix: settings.topic_prefix.clone(), owned };
    let consumer: BaseConsumer<Member> =
        config::member(settings, membership).create_with_context(member)?;
    let (topics, wanted) = mpsc::channel();
    let named = thread::Builder::new().name("ownership".to_owned());
    let started = named.spawn(move || stay(&consumer, &wanted));
    started.map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
    Ok(topics)
}

/// Until the log is dropped.
fn stay(consumer: &BaseConsumer<Member>, wanted: &mpsc::Receiver<Vec<String>>) {
    let mut subscribed = Vec::new();
    loop {
        match wanted.try_recv() {
            Ok(topics) if topics != subscribed => {
                let names: Vec<&str> = topics.iter().map(String::as_str).collect();
                if let Err(error) = consumer.subscribe(&names) {
                    tracing::error!(%error, "no share of the partitions can be asked for");
                }
                subscribed = topics;
            }
            Ok(_) | Err(mpsc::TryRecvError::Empty) => {}
            Err(mpsc::TryRecvError::Disconnected) => return,
        }
        if let Some(Err(error)) = consumer.poll(LOOK) {
            tracing::warn!(%error, "the membership waits for Kafka");
        }
    }
}

/// Turns what the group decides into announcements.
struct Member {
    prefix: String,
    owned: Arc<watch::Sender<Ownership>>,
}

impl Member {
    fn given(&self, list: &TopicPartitionList) -> Ownership {
        let mut given = Ownership::new();
        for element in list.elements() {
            let stream = element.topic().strip_prefix(&self.prefix);
            if let (Some(stream), Ok(index)) = (stream, u32::try_from(element.partition())) {
                given.insert(Partition::new(stream, index));
            }
        }
        given
    }
}

impl ClientContext for Member {}

impl ConsumerContext for Member {
    /// What is taken is announced before the group hears that we have let it go.
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if !matches!(rebalance, Rebalance::Assign(_)) {
            announce(&self.owned, Ownership::new());
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Assign(list) = rebalance else { return };
        if let Err(error) = consumer.pause(list) {
            tracing::warn!(%error, "owned partitions are fetched for nothing");
        }
        announce(&self.owned, self.given(list));
    }
}
