//! Where a shop that is measured keeps its events: on Kafka under a topic prefix of its own, so that no order of a benchmark ever
//! stands among those of a shop, and no run meets the orders of the one before.

use chimera_config::Config;
use chimera_log_kafka::{KafkaLog, KafkaSettings};

use chimera_wiring::kafka::log_settings;

/// A shop of its own: topics, groups and transactional ids that nobody else has.
pub(super) fn apart(config: &mut Config) {
    let name = format!("bench-{:016x}", fastrand::u64(..));
    config.kafka.topic_prefix = format!("{name}.");
    config.kafka.cluster = name;
}

/// Deletes its topics, if it was on Kafka. The subjects in the registry stay; they hold no events.
pub(super) async fn delete(config: &Config) -> anyhow::Result<()> {
    let settings = KafkaSettings { membership: None, ..log_settings(config, "") };
    tokio::task::spawn_blocking(move || KafkaLog::open(settings)?.delete_topics()).await??;
    Ok(())
}
