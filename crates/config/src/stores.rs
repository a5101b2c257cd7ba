//! Where the read models lie, and how their stores are entered.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::rules::{Wrong, first_broken};
use super::{LogKind, Secret};

/// Which stores hold the read models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stores {
    /// Of tables.
    pub rows: RowsKind,
    /// Of key-values.
    pub kv: KvKind,
    /// Of what is searched.
    pub search: SearchKind,
}

/// Where tables lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowsKind {
    /// In the data directory.
    #[default]
    Embedded,
    /// In Cassandra.
    Cassandra,
}

/// Where key-values lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KvKind {
    /// In the data directory.
    #[default]
    Embedded,
    /// In Redis.
    Redis,
}

/// Where documents lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SearchKind {
    /// In the data directory.
    #[default]
    Embedded,
    /// In OpenSearch.
    OpenSearch,
}

impl Stores {
    /// Whether all nodes write into the same stores, and so share the work.
    #[must_use]
    pub fn are_shared(self) -> bool {
        !self.has_embedded()
    }

    /// Whether something lies in the data directory.
    #[must_use]
    pub fn has_embedded(self) -> bool {
        self.rows == RowsKind::Embedded
            || self.kv == KvKind::Embedded
            || self.search == SearchKind::Embedded
    }

    /// One node's part of the read models cannot lie in its own directory and another one's in a store of all.
    pub(super) fn wrong(self, log: LogKind) -> Wrong {
        let mixed = self.has_embedded() && self != Self::default();
        let must = "stores.rows, stores.kv and stores.search are all embedded or none of them, where log.kind is kafka";
        (log == LogKind::Kafka && mixed).then_some(("stores", must))
    }
}

/// Cassandra; in use where `stores.rows` is `cassandra`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cassandra {
    /// `host:port` of some of its nodes, separated by commas.
    pub nodes: String,
    /// Made if it is missing. Lower-case letters, digits and underscores.
    pub keyspace: String,
    /// How many nodes hold each row, for a keyspace that is made.
    pub replication: u16,
    /// With password authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// With password authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// Redis; in use where `stores.kv` is `redis`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redis {
    /// Such as `redis://127.0.0.1:6379`, with the number of a database behind another slash.
    pub url: String,
    /// Stands before every key.
    pub prefix: String,
    /// With access control lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where Redis asks for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// OpenSearch; in use where `stores.search` is `opensearch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpenSearch {
    /// Such as `http://127.0.0.1:9200`, or with `https`.
    pub url: String,
    /// Stands before the name of every index. Lower-case letters, digits, `-` and `_`.
    pub prefix: String,
    /// Of an index that is made.
    pub shards: u16,
    /// Copies of each shard of an index that is made.
    pub replicas: u16,
    /// With basic authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// With basic authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// PEM file of an authority that an `https` address is believed by, beside the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl Default for Cassandra {
    fn default() -> Self {
        Self {
            nodes: "127.0.0.1:9042".to_owned(),
            keyspace: "chimera".to_owned(),
            replication: 1,
            username: None,
            password: None,
        }
    }
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".to_owned(),
            prefix: String::new(),
            username: None,
            password: None,
        }
    }
}

impl Default for OpenSearch {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:9200".to_owned(),
            prefix: String::new(),
            shards: 1,
            replicas: 0,
            username: None,
            password: None,
            ca_file: None,
        }
    }
}

impl Cassandra {
    /// What must be, if something will not do.
    pub(super) fn wrong(&self) -> Wrong {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let named = self.keyspace.chars().all(plain)
            && self.keyspace.starts_with(|c: char| c.is_ascii_lowercase())
            && self.keyspace.len() <= 48;
        first_broken(&[
            ("cassandra.nodes", self.nodes.is_empty(), "must name at least one host:port"),
            (
                "cassandra.keyspace",
                !named,
                "must be at most 48 lower-case letters, digits and underscores, a letter first",
            ),
            ("cassandra.replication", self.replication == 0, "must be at least 1"),
            (
                "cassandra.username",
                self.username.is_some() != self.password.is_some(),
                "and cassandra.password go together",
            ),
        ])
    }
}

impl Redis {
    /// What must be, if something will not do.
    pub(super) fn wrong(&self) -> Wrong {
        first_broken(&[
            ("redis.url", !self.url.starts_with("redis://"), "must begin with redis://"),
            (
                "redis.url",
                self.url.contains('@'),
                "must not hold a password; use redis.username and redis.password",
            ),
            (
                "redis.username",
                self.username.is_some() && self.password.is_none(),
                "needs redis.password",
            ),
            (
                "redis.prefix",
                self.prefix.contains(['{', '}', '*', '?', '[', ']', '\\']),
                "must not hold braces, brackets, backslashes, * or ?",
            ),
        ])
    }
}

impl OpenSearch {
    /// What must be, if something will not do.
    pub(super) fn wrong(&self) -> Wrong {
        let http = self.url.starts_with("http://") || self.url.starts_with("https://");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        first_broken(&[
            ("opensearch.url", !http, "must begin with http:// or https://"),
            (
                "opensearch.url",
                self.url.contains('@'),
                "must not hold a password; use opensearch.username and opensearch.password",
            ),
            (
                "opensearch.prefix",
                !self.prefix.chars().all(plain) || self.prefix.starts_with(['-', '_']),
                "must be lower-case letters, digits, - and _, a letter or digit first",
            ),
            ("opensearch.shards", self.shards == 0, "must be at least 1"),
            (
                "opensearch.username",
                self.username.is_some() != self.password.is_some(),
                "and opensearch.password go together",
            ),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: Stores =
        Stores { rows: RowsKind::Cassandra, kv: KvKind::Redis, search: SearchKind::OpenSearch };

    #[test]
    fn nodes_share_all_stores_or_none() {
        let mixed = Stores { kv: KvKind::Embedded, ..SHARED };
        assert_eq!(SHARED.wrong(LogKind::Kafka), None);
        assert_eq!(Stores::default().wrong(LogKind::Kafka), None);
        assert_eq!(mixed.wrong(LogKind::Kafka).map(|(key, _)| key), Some("stores"));
        assert_eq!(mixed.wrong(LogKind::Embedded), None);
        assert!(SHARED.are_shared() && !mixed.are_shared());
    }

    #[test]
    fn stores_are_entered_without_a_password_in_their_address() {
        let redis = Redis { url: "redis://shop:hush@host".into(), ..Redis::default() };
        assert_eq!(redis.wrong().map(|(key, _)| key), Some("redis.url"));
        let search = OpenSearch { url: "https://a:b@host".into(), ..OpenSearch::default() };
        assert_eq!(search.wrong().map(|(key, _)| key), Some("opensearch.url"));
        let alone = Cassandra { username: Some("shop".into()), ..Cassandra::default() };
        assert_eq!(alone.wrong().map(|(key, _)| key), Some("cassandra.username"));
    }

    #[test]
    fn names_that_a_store_would_refuse_are_refused_at_the_start() {
        for keyspace in ["", "1shop", "shop-1", "shöp", "Shop"] {
            let cassandra = Cassandra { keyspace: keyspace.into(), ..Cassandra::default() };
            let wrong = cassandra.wrong().map(|(key, _)| key);
            assert_eq!(wrong, Some("cassandra.keyspace"), "{keyspace}");
        }
        for prefix in ["Shop", "_shop", "a/b"] {
            let search = OpenSearch { prefix: prefix.into(), ..OpenSearch::default() };
            assert_eq!(search.wrong().map(|(key, _)| key), Some("opensearch.prefix"), "{prefix}");
        }
        let redis = Redis { prefix: "{a}".into(), ..Redis::default() };
        assert_eq!(redis.wrong().map(|(key, _)| key), Some("redis.prefix"));
    }
}
