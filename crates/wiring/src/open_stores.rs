//! Opens the stores that the settings name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chimera_config::{Cassandra, Config, KvKind, Redis, RowsKind, SearchKind, Secret};
use chimera_log::Control;
use chimera_stores::search::SearchStore;
use chimera_stores::{
    CassandraOptions, CassandraRows, EmbeddedStores, Generations, KvStore, OpenSearch,
    OpenSearchOptions, RedisKv, RedisOptions, RowStore, StoreError,
};

/// How long Cassandra may take to answer for the first time: about as long as it takes to start.
const START: Duration = Duration::from_mins(3);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// The stores that hold the read models.
#[derive(Clone)]
pub struct OpenStores {
    rows: Arc<dyn RowStore>,
    kv: Arc<dyn KvStore>,
    search: Arc<dyn SearchStore>,
    live: Generations,
    /// Those in the data directory; none where all nodes write into the same stores.
    embedded: Option<EmbeddedStores>,
}

impl OpenStores {
    /// Opens those of the settings; what is embedded lies in `read` under the data directory. Which generation of a read
    /// model is live is what `control` says.
    ///
    /// # Errors
    /// If Cassandra does not answer within three minutes or refuses who enters, or the directory is in use, damaged or of another format.
    pub async fn open(config: &Config, control: Arc<dyn Control>) -> anyhow::Result<Self> {
        let here = if config.stores.has_embedded() {
            Some(EmbeddedStores::open(&config.data_dir.join("read"))?)
        } else {
            None
        };
        Ok(Self {
            rows: rows(config, here.as_ref()).await?,
            kv: key_values(config, here.as_ref())?,
            search: search(config, here.as_ref())?,
            live: Generations::new(control),
            embedded: here,
        })
    }

    /// Of tables.
    #[must_use]
    pub fn rows(&self) -> Arc<dyn RowStore> {
        Arc::clone(&self.rows)
    }

    /// Of key-values.
    #[must_use]
    pub fn kv(&self) -> Arc<dyn KvStore> {
        Arc::clone(&self.kv)
    }

    /// Of what is searched.
    #[must_use]
    pub fn search(&self) -> Arc<dyn SearchStore> {
        Arc::clone(&self.search)
    }

    /// Which generation of each read model is live.
    #[must_use]
    pub fn live(&self) -> Generations {
        self.live.clone()
    }

    /// Whether all nodes write into the same stores.
    #[must_use]
    pub fn are_shared(&self) -> bool {
        self.embedded.is_none()
    }

    /// Writes what is embedded to the disk; the other stores do so themselves.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.embedded.as_ref().map_or(Ok(()), EmbeddedStores::flush)
    }

    /// Closes what is embedded in order, so that the next start has nothing to mend.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn close(self) -> Result<(), StoreError> {
        self.embedded.map_or(Ok(()), EmbeddedStores::close)
    }
}

async fn rows(config: &Config, here: Option<&EmbeddedStores>) -> anyhow::Result<Arc<dyn RowStore>> {
    match (config.stores.rows, here) {
        (RowsKind::Embedded, Some(here)) => Ok(here.rows()),
        (RowsKind::Embedded, None) | (RowsKind::Cassandra, _) => {
            let nodes = &config.cassandra.nodes;
            let opened = patiently(&cassandra_options(&config.cassandra)).await;
            Ok(Arc::new(opened.with_context(|| format!("Cassandra at {nodes}"))?))
        }
    }
}

/// Connects to Cassandra, which may be starting itself.
async fn patiently(options: &CassandraOptions) -> Result<CassandraRows, StoreError> {
    let deadline = Instant::now() + START;
    loop {
        match CassandraRows::connect(options).await {
            Err(StoreError::Transient(reason)) if Instant::now() < deadline => {
                tracing::warn!(reason, "waiting for Cassandra");
                tokio::time::sleep(PAUSE).await;
            }
            connected => return connected,
        }
    }
}

fn key_values(config: &Config, here: Option<&EmbeddedStores>) -> anyhow::Result<Arc<dyn KvStore>> {
    match (config.stores.kv, here) {
        (KvKind::Embedded, Some(here)) => Ok(here.kv()),
        (KvKind::Embedded, None) | (KvKind::Redis, _) => {
            let opened = RedisKv::new(&redis_options(&config.redis));
            Ok(Arc::new(opened.with_context(|| format!("Redis at {}", config.redis.url))?))
        }
    }
}

fn search(config: &Config, here: Option<&EmbeddedStores>) -> anyhow::Result<Arc<dyn SearchStore>> {
    match (config.stores.search, here) {
        (SearchKind::Embedded, Some(here)) => Ok(here.search()),
        (SearchKind::Embedded, None) | (SearchKind::OpenSearch, _) => {
            let url = &config.opensearch.url;
            let opened = OpenSearch::new(opensearch_options(&config.opensearch));
            Ok(Arc::new(opened.with_context(|| format!("OpenSearch at {url}"))?))
        }
    }
}

fn cassandra_options(settings: &Cassandra) -> CassandraOptions {
    let nodes = settings.nodes.split(',').map(|node| node.trim().to_owned());
    CassandraOptions {
        nodes: nodes.collect(),
        keyspace: settings.keyspace.clone(),
        replication: settings.replication,
        username: settings.username.clone(),
        password: exposed(settings.password.as_ref()),
    }
}

fn redis_options(settings: &Redis) -> RedisOptions {
    let mut url = settings.url.clone();
    if let Some(password) = &settings.password {
        let user = settings.username.as_deref().unwrap_or_default();
        let login = format!("redis://{}:{}@", encoded(user), encoded(password.expose()));
        url = url.replacen("redis://", &login, 1);
    }
    RedisOptions { prefix: settings.prefix.clone(), ..RedisOptions::new(&url) }
}

fn opensearch_options(settings: &chimera_config::OpenSearch) -> OpenSearchOptions {
    let login = settings.username.clone().zip(exposed(settings.password.as_ref()));
    OpenSearchOptions {
        shards: settings.shards.into(),
        replicas: settings.replicas.into(),
        login,
        ca: settings.ca_file.clone(),
        ..OpenSearchOptions::at(&settings.url, &settings.prefix)
    }
}

fn exposed(secret: Option<&Secret>) -> Option<String> {
    secret.map(|secret| secret.expose().to_owned())
}

/// As it may stand before the host of a URL.
fn encoded(text: &str) -> String {
    let each = text.bytes().map(|byte| match byte {
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_of_redis_may_hold_what_an_address_may_not() {
        let settings = Redis {
            username: Some("shop".into()),
            password: Some(Secret::new("p@ss/wörd".into())),
            ..Redis::default()
        };
        let url = redis_options(&settings).url;
        assert_eq!(url, "redis://shop:p%40ss%2Fw%C3%B6rd@127.0.0.1:6379");
        assert_eq!(redis_options(&Redis::default()).url, "redis://127.0.0.1:6379");
    }

    #[test]
    fn several_nodes_may_be_named() {
        let settings = Cassandra { nodes: "a:9042, b:9042".into(), ..Cassandra::default() };
        assert_eq!(cassandra_options(&settings).nodes, ["a:9042", "b:9042"]);
    }
}
