//! Which partitions are this process's own: all there are, or those that Kafka's group protocol gives it.
//!
//! The group only spreads the work. It fences nobody: two processes may believe for a moment that a partition is theirs, and
//! the transactional ids decide between them. Nothing is consumed here; every partition is paused as soon as it is given.

use std::collections::BTreeSet;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use chimera_log::{Ownership, Partition};
use rdkafka::ClientContext;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::TopicPartitionList;
use tokio::sync::watch;

use crate::cluster::Streams;
use crate::config;
use crate::settings::{KafkaSettings, Membership};

/// How long a question or the end of the log may wait until the member notices.
const LOOK: Duration = Duration::from_millis(20);
/// How long Kafka may take to say who else is in the group.
const ASK: Duration = Duration::from_secs(2);

/// What this process owns.
pub(crate) struct Owned {
    given: Arc<watch::Sender<Ownership>>,
    /// Asks the member; none if all is ours.
    member: Option<Mutex<mpsc::Sender<Ask>>>,
    wanted: Option<BTreeSet<String>>,
}

/// What the member is asked.
enum Ask {
    /// These are the topics of which a share is wanted.
    Topics(Vec<String>),
    /// Whether the group still counts this process in, and the partition as its own.
    Confirm(Partition, SyncSender<bool>),
    /// Leaves the group for good; whether others stay.
    Leave(SyncSender<bool>),
}

impl Owned {
    pub(crate) fn new(settings: &KafkaSettings) -> KafkaResult<Self> {
        let owned = Arc::new(watch::Sender::default());
        let member = match &settings.membership {
            Some(membership) => Some(Mutex::new(join(settings, membership, owned.clone())?)),
            None => None,
        };
        Ok(Self { given: owned, member, wanted: settings.wanted.clone() })
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Ownership> {
        self.given.subscribe()
    }

    /// These are the streams now.
    pub(crate) fn know(&self, streams: &Streams, settings: &KafkaSettings) {
        let mut streams = streams.clone();
        if let Some(wanted) = &self.wanted {
            streams.retain(|stream, _| wanted.contains(&**stream));
        }
        if self.member.is_none() {
            announce(&self.given, all_of(&streams));
            return;
        }
        self.ask(Ask::Topics(streams.keys().map(|stream| settings.topic(stream)).collect()));
    }

    /// Whether the partition is ours, by the group's own word.
    pub(crate) fn confirm(&self, partition: &Partition) -> bool {
        if self.member.is_none() {
            return self.given.borrow().contains(partition);
        }
        let (reply, answer) = mpsc::sync_channel(1);
        self.ask(Ask::Confirm(partition.clone(), reply));
        answer.recv().unwrap_or(false)
    }

    /// Gives all back; whether others are there.
    pub(crate) fn leave(&self) -> bool {
        let (reply, answer) = mpsc::sync_channel(1);
        self.ask(Ask::Leave(reply));
        answer.recv().unwrap_or(false)
    }

    fn ask(&self, ask: Ask) {
        if let Some(member) = &self.member {
            // A member that has ended says so itself.
            let _ = member.lock().unwrap_or_else(PoisonError::into_inner).send(ask);
        }
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

/// The partitions of a list that Kafka gives, of topics that begin with `prefix`.
pub(crate) fn partitions_of(list: &TopicPartitionList, prefix: &str) -> Ownership {
    let mut partitions = Ownership::new();
    for element in list.elements() {
        let stream = element.topic().strip_prefix(prefix);
        if let (Some(stream), Ok(index)) = (stream, u32::try_from(element.partition())) {
            partitions.insert(Partition::new(stream, index));
        }
    }
    partitions
}

/// Wakes nobody where nothing has changed.
pub(crate) fn announce<T: PartialEq>(told: &watch::Sender<T>, now: T) {
    told.send_if_modified(|before| {
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
) -> KafkaResult<mpsc::Sender<Ask>> {
    let member = Member { prefix: settings.topic_prefix.clone(), owned };
    let group = config::group_of_owners(settings);
    let consumer: BaseConsumer<Member> =
        config::member(settings, membership, &group).create_with_context(member)?;
    let (asks, asked) = mpsc::channel();
    let named = thread::Builder::new().name("ownership".to_owned());
    let started = named.spawn(move || stay(&consumer, &group, &asked));
    started.map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
    Ok(asks)
}

/// Until the log is dropped.
fn stay(consumer: &BaseConsumer<Member>, group: &str, asked: &mpsc::Receiver<Ask>) {
    let (mut subscribed, mut has_left) = (Vec::new(), false);
    loop {
        match asked.try_recv() {
            Ok(Ask::Topics(topics)) if topics != subscribed && !has_left => {
                subscribe(consumer, &topics);
                subscribed = topics;
            }
            Ok(Ask::Confirm(partition, reply)) => {
                let _ = reply.send(confirmed(consumer, &partition));
            }
            Ok(Ask::Leave(reply)) => {
                has_left = true;
                let _ = reply.send(leave(consumer, group));
            }
            Ok(Ask::Topics(_)) | Err(mpsc::TryRecvError::Empty) => {}
            Err(mpsc::TryRecvError::Disconnected) => return,
        }
        if let Some(Err(error)) = consumer.poll(LOOK) {
            tracing::warn!(%error, "the membership waits for Kafka");
        }
    }
}

fn subscribe(consumer: &BaseConsumer<Member>, topics: &[String]) {
    if topics.is_empty() {
        return;
    }
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    if let Err(error) = consumer.subscribe(&names) {
        tracing::error!(%error, "no share of the partitions can be asked for");
    }
}

/// The group refuses the offsets of a member that it does not count in any more. The offset itself says nothing.
fn confirmed(consumer: &BaseConsumer<Member>, partition: &Partition) -> bool {
    let member = consumer.context();
    let is_ours = || member.owned.borrow().contains(partition);
    let Ok(index) = i32::try_from(partition.index) else { return false };
    let mut place = TopicPartitionList::with_capacity(1);
    let topic = format!("{}{}", member.prefix, partition.stream);
    if !is_ours() || place.add_partition_offset(&topic, index, Offset::Offset(0)).is_err() {
        return false;
    }
    match consumer.commit(&place, CommitMode::Sync) {
        Ok(()) => is_ours(),
        Err(error) => {
            tracing::info!(%partition, %error, "the group does not confirm that a partition is ours");
            false
        }
    }
}

fn leave(consumer: &BaseConsumer<Member>, group: &str) -> bool {
    let others = match consumer.fetch_group_list(Some(group), ASK) {
        Ok(list) => list.groups().iter().any(|group| group.members().len() > 1),
        Err(error) => {
            tracing::warn!(%error, "Kafka does not say who else is there");
            false
        }
    };
    consumer.unsubscribe();
    // The group hears of it with the next call.
    consumer.poll(Duration::ZERO);
    announce(&consumer.context().owned, Ownership::new());
    others
}

/// Turns what the group decides into announcements.
struct Member {
    prefix: String,
    owned: Arc<watch::Sender<Ownership>>,
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
        announce(&self.owned, partitions_of(list, &self.prefix));
    }
}
