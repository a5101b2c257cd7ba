//! Where a shop that is measured keeps its events: on Kafka under a topic prefix of its own, so that no order of a benchmark ever
//! stands among those of a shop, and no run meets the orders of the one before. In real stores, too, under names of its own.

use std::sync::Arc;

use chimera_config::Config;
use chimera_log_kafka::{KafkaLog, KafkaSettings};

use chimera_log::MemoryControl;
use chimera_stores::View;
use chimera_wiring::OpenStores;
use chimera_wiring::kafka::log_settings;

/// A shop of its own: topics, groups and transactional ids that nobody else has.
pub(super) fn apart(config: &mut Config) {
    let name = format!("bench-{:016x}", fastrand::u64(..));
    config.kafka.topic_prefix = format!("{name}.");
    config.cassandra.keyspace = name.replace('-', "_");
    config.redis.prefix = format!("{name}:");
    config.opensearch.prefix = format!("{name}-");
    config.kafka.cluster = name;
}

/// Removes its read models from real stores; of Cassandra an empty keyspace stays.
pub(super) async fn empty_stores(config: &Config) -> anyhow::Result<()> {
    if config.stores == chimera_config::Stores::default() {
        return Ok(());
    }
    let stores = OpenStores::open(config, Arc::new(MemoryControl::default())).await?;
    for model in chimera_model::ALL {
        let view = View::new(model.name, 1);
        stores.rows().remove(view).await?;
        stores.kv().remove(view).await?;
        stores.search().remove(view).await?;
    }
    Ok(())
}

/// Deletes its topics, if it was on Kafka. The subjects in the registry stay; they hold no events.
pub(super) async fn delete(config: &Config) -> anyhow::Result<()> {
    let settings = KafkaSettings { membership: None, ..log_settings(config, "") };
    tokio::task::spawn_blocking(move || KafkaLog::open(settings)?.delete_topics()).await??;
    Ok(())
}
