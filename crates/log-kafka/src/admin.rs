//! Topics: which there are, creating those that are missing, what their records may weigh. Never changes one that exists.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, ConfigSource, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::metadata::{Metadata, MetadataTopic};

use crate::config;
use crate::error::passes;
use crate::settings::KafkaSettings;

/// Between two looks at what the cluster knows by now.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a broker that should be the controller is asked at first, before it is made sure who is; then twice as long each
/// time, for it may be a slow one.
const ATTEMPT: Duration = Duration::from_secs(1);
/// What a broker says that has not heard of a topic yet.
const UNKNOWN: KafkaError = KafkaError::AdminOp(RDKafkaErrorCode::UnknownTopicOrPartition);
/// What Kafka takes where nobody has set anything.
const DEFAULT_MAX_MESSAGE: usize = 1_048_588;

/// What keeps every record for ever.
const KEPT: [(&str, &str); 3] =
    [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")];

/// The administrator's connection.
pub(crate) struct Admin {
    client: AdminClient<DefaultClientContext>,
    replication: i32,
    request: Duration,
}

/// A topic that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) partitions: u32,
    /// Of the partition that has the fewest.
    pub(crate) replicas: usize,
}

/// A topic as it should be created.
pub(crate) struct Wanted<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partitions: u32,
    /// `delete` with endless retention, or `compact`.
    pub(crate) compacted: bool,
}

impl Admin {
    pub(crate) fn new(settings: &KafkaSettings) -> KafkaResult<Self> {
        let client = config::admin(settings).create()?;
        let request = settings.deadlines.request;
        Ok(Self { client, replication: settings.replication, request })
    }

    /// The id of the cluster.
    pub(crate) fn cluster_id(&self) -> Option<String> {
        self.client.inner().fetch_cluster_id(self.request)
    }

    /// Every topic.
    pub(crate) fn topics(&self) -> KafkaResult<Vec<Topic>> {
        Ok(self.metadata()?.topics().iter().map(seen).collect())
    }

    /// Creates compacted topics of one partition each, those of these that are not there.
    ///
    /// # Errors
    /// As [`Admin::create`].
    pub(crate) fn create_compacted(
        &self,
        there: &[Topic],
        topics: &[String],
    ) -> Result<(), String> {
        let is_missing = |topic: &&String| !there.iter().any(|found| found.name == **topic);
        let wanted = |topic| Wanted { topic, partitions: 1, compacted: true };
        let missing: Vec<Wanted<'_>> =
            topics.iter().filter(is_missing).map(|topic| wanted(topic)).collect();
        if missing.is_empty() { Ok(()) } else { self.create(&missing) }
    }

    /// Creates topics and waits until each partition has a leader; one that another node has just created is fine.
    ///
    /// # Errors
    /// What Kafka said, with the topic's name.
    pub(crate) fn create(&self, wanted: &[Wanted<'_>]) -> Result<(), String> {
        if wanted.is_empty() {
            return Ok(());
        }
        let topics: Vec<NewTopic<'_>> = wanted.iter().map(|topic| self.new_topic(topic)).collect();
        let created = wait(self.client.create_topics(&topics, &self.options()));
        for result in created.map_err(|error| error.to_string())? {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => return Err(format!("the topic {topic}: {code}")),
            }
        }
        self.wait_for(wanted)
    }

    /// Deletes topics; one that is gone already is fine.
    ///
    /// # Errors
    /// What Kafka said, with the topic's name.
    pub(crate) fn delete(&self, topics: &[&str]) -> Result<(), String> {
        let deleted = wait(self.client.delete_topics(topics, &self.options()));
        for result in deleted.map_err(|error| error.to_string())? {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition)) => {}
                Err((topic, code)) => return Err(format!("the topic {topic}: {code}")),
            }
        }
        Ok(())
    }

    /// The bytes that a record of the topic may have.
    pub(crate) fn max_message(&self, topic: &str) -> KafkaResult<usize> {
        let described = self.describe(topic)?;
        let value = described.get("max.message.bytes").and_then(|entry| entry.value.as_deref());
        Ok(value.and_then(|value| value.parse().ok()).unwrap_or(DEFAULT_MAX_MESSAGE))
    }

    /// What is set for the topic itself, other than what the brokers have for all.
    pub(crate) fn own_settings(&self, topic: &str) -> KafkaResult<BTreeMap<String, String>> {
        let described = self.describe(topic)?;
        let own = described.entries.into_iter().filter(|entry| {
            matches!(entry.source, ConfigSource::DynamicTopic) && !entry.is_sensitive
        });
        Ok(own.filter_map(|entry| Some((entry.name, entry.value?))).collect())
    }

    /// Whether the topic keeps every record for ever, as a source of truth must.
    ///
    /// # Errors
    /// What is set otherwise, and what it should be.
    pub(crate) fn check_kept(&self, topic: &str) -> Result<(), String> {
        let described = self.describe(topic).map_err(|error| error.to_string())?;
        for (name, needed) in KEPT {
            let value = described.get(name).and_then(|entry| entry.value.as_deref());
            if let Some(value) = value.filter(|value| *value != needed) {
                return Err(format!(
                    "its topic {topic} has {name}={value} and would lose events; set {name}={needed}"
                ));
            }
        }
        Ok(())
    }

    /// Asks until every broker has heard of the topic. librdkafka asks the broker that it took for the controller when it last
    /// looked, and waits for it even where it is dead: so it is made to look first, and to ask again soon.
    fn describe(&self, topic: &str) -> KafkaResult<ConfigResource> {
        let (deadline, mut attempt) = (Instant::now() + self.request, ATTEMPT);
        loop {
            let looked = self.client.inner().fetch_metadata(Some(topic), self.request);
            let described = looked.and_then(|_| self.describe_once(topic, attempt));
            let Err(error) = described else { return described };
            if !passes(&error) && error != UNKNOWN || Instant::now() >= deadline {
                return Err(error);
            }
            attempt *= 2;
            thread::sleep(PAUSE);
        }
    }

    fn describe_once(&self, topic: &str, attempt: Duration) -> KafkaResult<ConfigResource> {
        let resource = ResourceSpecifier::Topic(topic);
        let options = AdminOptions::new().request_timeout(Some(self.request.min(attempt)));
        let described = wait(self.client.describe_configs([&resource], &options))?;
        let described = described.into_iter().next().ok_or(KafkaError::Canceled)?;
        described.map_err(KafkaError::AdminOp)
    }

    fn new_topic<'a>(&self, wanted: &Wanted<'a>) -> NewTopic<'a> {
        let partitions = i32::try_from(wanted.partitions).unwrap_or(i32::MAX);
        let replication = TopicReplication::Fixed(self.replication);
        let topic = NewTopic::new(wanted.topic, partitions, replication)
            .set("min.insync.replicas", if self.replication >= 3 { "2" } else { "1" });
        if wanted.compacted {
            return topic.set("cleanup.policy", "compact").set("segment.ms", "3600000");
        }
        KEPT.into_iter().fold(topic, |topic, (name, value)| topic.set(name, value))
    }

    fn wait_for(&self, wanted: &[Wanted<'_>]) -> Result<(), String> {
        let deadline = Instant::now() + self.request;
        loop {
            let metadata = self.metadata().map_err(|error| error.to_string())?;
            let missing = wanted.iter().find(|wanted| !is_ready(&metadata, wanted));
            let Some(missing) = missing else { return Ok(()) };
            if Instant::now() >= deadline {
                let topic = missing.topic;
                return Err(format!("the topic {topic} was created but has no leaders yet"));
            }
            thread::sleep(PAUSE);
        }
    }

    fn metadata(&self) -> KafkaResult<Metadata> {
        self.client.inner().fetch_metadata(None, self.request)
    }

    fn options(&self) -> AdminOptions {
        AdminOptions::new()
            .request_timeout(Some(self.request))
            .operation_timeout(Some(self.request))
    }
}

fn seen(topic: &MetadataTopic) -> Topic {
    let partitions = topic.partitions();
    let replicas = partitions.iter().map(|partition| partition.replicas().len());
    Topic {
        name: topic.name().to_owned(),
        partitions: u32::try_from(partitions.len()).unwrap_or(0),
        replicas: replicas.min().unwrap_or(0),
    }
}

fn is_ready(metadata: &Metadata, wanted: &Wanted<'_>) -> bool {
    let topic = metadata.topics().iter().find(|topic| topic.name() == wanted.topic);
    let Some(topic) = topic else { return false };
    let partitions = topic.partitions();
    !partitions.is_empty() && partitions.iter().all(|partition| partition.leader() >= 0)
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Blocks until librdkafka's own thread has the answer; needs no runtime and may be called inside one.
fn wait<F: Future>(answer: F) -> F::Output {
    let mut answer = pin!(answer);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match answer.as_mut().poll(&mut context) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}
