//! The properties of librdkafka for each kind of client. What keeps the log correct is set last, so that no setting of an
//! operator can undo it.

use rdkafka::ClientConfig;

use crate::producer::RESENT_AFTER_MS;
use crate::settings::{KafkaSettings, Membership};

/// What a consumer sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Only records of committed transactions, up to the first open one.
    Committed,
    /// All that is in the log, aborted or open.
    Uncommitted,
}

/// For questions about the cluster.
pub(crate) fn admin(settings: &KafkaSettings) -> ClientConfig {
    let mut config = base(settings);
    config.extend(properties(settings));
    config
}

/// For looking at single records: small fetches, quick answers.
pub(crate) fn probe(settings: &KafkaSettings, isolation: Isolation) -> ClientConfig {
    let mut config = base(settings);
    config.set("fetch.message.max.bytes", "65536");
    config.set("queued.min.messages", "1000");
    let mut config = consumer(config, settings, isolation);
    // Whoever asks waits until the end is told, and while a partition is being claimed nobody writes it.
    config.set("fetch.wait.max.ms", "1");
    config
}

/// For following the tail, and for reading all there is.
pub(crate) fn reader(settings: &KafkaSettings) -> ClientConfig {
    let mut config = base(settings);
    // A reader of ours shares the process with dozens of others, and each fetch is held unpacked. Larger ones, and more of them
    // ahead, were not faster.
    config.set("fetch.message.max.bytes", "262144");
    config.set("queued.min.messages", "1000000");
    config.set("queued.max.messages.kbytes", "1024");
    consumer(config, settings, Isolation::Committed)
}

/// For taking part in a group that shares partitions. It reads nothing.
pub(crate) fn member(
    settings: &KafkaSettings,
    membership: &Membership,
    group: &str,
) -> ClientConfig {
    let mut config = base(settings);
    config.set("partition.assignment.strategy", "range");
    config.set("queued.min.messages", "1");
    config.set("fetch.message.max.bytes", "1024");
    config.extend(properties(settings));
    config.set("group.id", group);
    config.set("session.timeout.ms", membership.session.as_millis().to_string());
    config.set("heartbeat.interval.ms", membership.heartbeat.as_millis().to_string());
    config.set("enable.auto.commit", "false");
    config.set("auto.offset.reset", "latest");
    config.set("allow.auto.create.topics", "false");
    config
}

/// The group that shares the partitions.
pub(crate) fn group_of_owners(settings: &KafkaSettings) -> String {
    format!("{}.owners", settings.cluster)
}

/// For committing and asking for the offsets of a group in which nobody is.
pub(crate) fn bookmark(settings: &KafkaSettings, group: &str) -> ClientConfig {
    let mut config = base(settings);
    config.extend(properties(settings));
    config.set("group.id", group);
    config.set("enable.auto.commit", "false");
    config.set("allow.auto.create.topics", "false");
    config
}

/// For one transactional id. `max_record` is the topic's `max.message.bytes`.
pub(crate) fn producer(settings: &KafkaSettings, id: &str, max_record: usize) -> ClientConfig {
    let mut config = base(settings);
    config.set("compression.type", "lz4");
    config.extend(properties(settings));
    // What the writer concludes from the time that a commit took depends on it.
    config.set("retry.backoff.ms", RESENT_AFTER_MS.to_string());
    config.set("retry.backoff.max.ms", (RESENT_AFTER_MS * 2).to_string());
    let append = settings.deadlines.append.as_millis();
    config.set("transactional.id", id);
    config.set("enable.idempotence", "true");
    config.set("acks", "all");
    config.set("linger.ms", "0");
    config.set("message.timeout.ms", append.to_string());
    config.set("transaction.timeout.ms", (append * 2 + 5_000).to_string());
    config.set("message.max.bytes", max_record.clamp(1_000, 1_000_000_000).to_string());
    config.set("queue.buffering.max.messages", "1000000");
    config
}

fn consumer(
    mut config: ClientConfig,
    settings: &KafkaSettings,
    isolation: Isolation,
) -> ClientConfig {
    // Kafka answers at once when there is something; this only says how often an idle consumer asks again.
    config.set("fetch.wait.max.ms", "500");
    config.set("fetch.queue.backoff.ms", "1");
    config.set("check.crcs", "false");
    config.extend(properties(settings));
    // A group must be named to assign partitions by hand; nothing is ever committed to it and nobody joins it.
    config.set("group.id", format!("{}.readers", settings.cluster));
    config.set("enable.auto.commit", "false");
    config.set("enable.partition.eof", "true");
    config.set("auto.offset.reset", "error");
    config.set("allow.auto.create.topics", "false");
    config.set(
        "isolation.level",
        match isolation {
            Isolation::Committed => "read_committed",
            Isolation::Uncommitted => "read_uncommitted",
        },
    );
    config
}

fn base(settings: &KafkaSettings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers);
    config.set("client.id", &settings.cluster);
    config
}

fn properties(settings: &KafkaSettings) -> impl Iterator<Item = (String, String)> {
    settings.properties.clone().into_iter()
}
