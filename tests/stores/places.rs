//! Where the real services are: what the environment says, else where `deploy/native/services` puts them.

use std::env;

use chimera_stores::CassandraOptions;

fn place(name: &str, usual: &str) -> String {
    env::var(name).unwrap_or_else(|_| usual.to_owned())
}

/// Kafka.
pub(crate) fn brokers() -> String {
    place("CHIMERA_STACK_KAFKA", "127.0.0.1:9092")
}

/// The schema registry.
pub(crate) fn registry() -> String {
    place("CHIMERA_STACK_REGISTRY", "http://127.0.0.1:8081/apis/ccompat/v7")
}

/// Cassandra.
pub(crate) fn cassandra() -> String {
    place("CHIMERA_STACK_CASSANDRA", "127.0.0.1:9042")
}

/// As our own adapter enters a keyspace of it.
pub(crate) fn keyspace(name: &str) -> CassandraOptions {
    CassandraOptions {
        nodes: vec![cassandra()],
        keyspace: name.to_owned(),
        replication: 1,
        username: None,
        password: None,
    }
}

/// Redis.
pub(crate) fn redis() -> String {
    place("CHIMERA_STACK_REDIS", "redis://127.0.0.1:6379")
}

/// OpenSearch.
pub(crate) fn opensearch() -> String {
    place("CHIMERA_STACK_OPENSEARCH", "http://127.0.0.1:9200")
}
