//! The part that this process has in one group: what it is given, and how far it has come, which is committed as the group's
//! offsets for Kafka's own tools.
//!
//! Consumes nothing: every partition is paused as soon as it is given. Never reads an offset: where to go on is kept by
//! whoever does the work. What is taken from it is only announced with what it is given instead, so that what stays is not
//! disturbed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chimera_log::{Ownership, Partition};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::{ClientContext, Offset};
use tokio::sync::watch;

use crate::cluster::Cluster;
use crate::config;
use crate::ownership::{announce, partitions_of};
use crate::settings::Membership;

/// How long the group may take to let go of a member that leaves.
const GOODBYE: Duration = Duration::from_secs(1);
/// One wait for it.
const LOOK: Duration = Duration::from_millis(5);

/// What this process has in one group.
pub(crate) struct Part {
    consumer: BaseConsumer<Member>,
}

impl Part {
    pub(crate) fn join(
        cluster: &Arc<Cluster>,
        membership: &Membership,
        group: &str,
        topics: &[String],
    ) -> KafkaResult<Self> {
        let member = Member {
            cluster: Arc::clone(cluster),
            given: watch::Sender::default(),
            work: Mutex::default(),
        };
        let config = config::member(&cluster.settings, membership, &cluster.group(group));
        let consumer: BaseConsumer<Member> = config.create_with_context(member)?;
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics)?;
        Ok(Self { consumer })
    }

    pub(crate) fn given(&self) -> watch::Receiver<Option<Ownership>> {
        self.consumer.context().given.subscribe()
    }

    /// Hears what the group decides.
    pub(crate) fn poll(&self) {
        if let Some(Err(error)) = self.consumer.poll(Duration::ZERO) {
            tracing::warn!(%error, "a share of the work waits for Kafka");
        }
    }

    /// Everything up to `sequence` is done.
    pub(crate) fn note(&self, partition: &Partition, sequence: u64) {
        let member = self.consumer.context();
        if !is_given(&member.given, partition) {
            return;
        }
        let mut work = member.work();
        let done = work.done.entry(partition.clone()).or_default();
        done.sequence = sequence;
    }

    /// Commits what was done since it did so last; asks Kafka where it has to.
    pub(crate) fn commit(&self) {
        let member = self.consumer.context();
        member.commit(&self.consumer, |partition, sequence| {
            let known = member.cluster.tails.of(partition).offset_after(sequence);
            known.or_else(|| member.cluster.offset_after(partition, sequence))
        });
    }

    /// Gives everything back, and waits a moment until the group knows.
    pub(crate) fn leave(&self) {
        let member = self.consumer.context();
        let has_any = member.given.borrow().as_ref().is_some_and(|given| !given.is_empty());
        member.commit_known(&self.consumer);
        self.consumer.unsubscribe();
        announce(&member.given, Some(Ownership::new()));
        let deadline = Instant::now() + GOODBYE;
        while has_any && !member.work().is_between && Instant::now() < deadline {
            self.consumer.poll(LOOK);
        }
    }
}

fn is_given(given: &watch::Sender<Option<Ownership>>, partition: &Partition) -> bool {
    given.borrow().as_ref().is_some_and(|given| given.contains(partition))
}

/// Turns what the group decides into announcements, and what was done into commits.
struct Member {
    cluster: Arc<Cluster>,
    given: watch::Sender<Option<Ownership>>,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    done: BTreeMap<Partition, Done>,
    /// Between what was given before and what will be given next nothing is committed: the next one to have a partition may
    /// have done so already.
    is_between: bool,
}

#[derive(Default)]
struct Done {
    sequence: u64,
    committed: Option<u64>,
}

impl Member {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits what can be said without asking anybody.
    fn commit_known(&self, consumer: &BaseConsumer<Self>) {
        self.commit(consumer, |partition, sequence| {
            self.cluster.tails.of(partition).offset_after(sequence)
        });
    }

    fn commit(
        &self,
        consumer: &BaseConsumer<Self>,
        offset_after: impl Fn(&Partition, u64) -> Option<i64>,
    ) {
        let mut offsets = vec![];
        for (partition, sequence) in self.uncommitted() {
            if let Some(offset) = offset_after(&partition, sequence) {
                offsets.push((partition, sequence, offset));
            }
        }
        let mut work = self.work();
        if work.is_between || offsets.is_empty() {
            return;
        }
        let committed =
            self.listed(&offsets).and_then(|list| consumer.commit(&list, CommitMode::Async));
        if let Err(error) = committed {
            tracing::debug!(%error, "the offsets of a group are committed later");
            return;
        }
        for (partition, sequence, _) in offsets {
            if let Some(done) = work.done.get_mut(&partition) {
                done.committed = Some(sequence);
            }
        }
    }

    fn uncommitted(&self) -> Vec<(Partition, u64)> {
        let work = self.work();
        let due = work.done.iter().filter(|(_, done)| done.committed != Some(done.sequence));
        due.map(|(partition, done)| (partition.clone(), done.sequence)).collect()
    }

    /// The sequence stands beside the offset, for whoever looks.
    fn listed(&self, offsets: &[(Partition, u64, i64)]) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, sequence, offset) in offsets {
            let topic = self.cluster.settings.topic(&partition.stream);
            let Ok(index) = i32::try_from(partition.index) else { continue };
            list.add_partition_offset(&topic, index, Offset::Offset(*offset))?;
            if let Some(mut place) = list.find_partition(&topic, index) {
                place.set_metadata(sequence.to_string());
            }
        }
        Ok(list)
    }
}

impl ClientContext for Member {}

impl ConsumerContext for Member {
    /// The last word on what may go to another.
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if !matches!(rebalance, Rebalance::Assign(_)) {
            self.commit_known(consumer);
            self.work().is_between = true;
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Assign(list) = rebalance else { return };
        if let Err(error) = consumer.pause(list) {
            tracing::warn!(%error, "shared partitions are fetched for nothing");
        }
        let given = partitions_of(list, &self.cluster.settings.topic_prefix);
        let mut work = self.work();
        work.done.retain(|partition, _| given.contains(partition));
        work.is_between = false;
        drop(work);
        announce(&self.given, Some(given));
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        let Err(error) = result else { return };
        tracing::debug!(%error, "the offsets of a group are committed once more");
        for done in self.work().done.values_mut() {
            done.committed = None;
        }
    }
}
