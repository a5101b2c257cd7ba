//! The settings of a process: a TOML file, over it `CHIMERA_*` from the environment, over it flags.
//!
//! Unknown keys are refused, contradictions too; secrets never show themselves. Read once at the start, never changed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use chimera_domain::money::{Amount, Currency};
use serde::{Deserialize, Serialize};

use rules::{Wrong, first_broken};

mod kafka;
mod layers;
mod node;
mod properties;
mod rules;
mod secret;
mod stores;

pub use kafka::{Kafka, Registry, SaslMechanism, Security};
pub use layers::ConfigError;
pub use node::{Node, Role, Roles};
pub use properties::Properties;
pub use secret::Secret;
pub use stores::{Cassandra, KvKind, OpenSearch, Redis, RowsKind, SearchKind, Stores};

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where log, checkpoints and read stores lie.
    pub data_dir: PathBuf,
    /// Where REST requests come in.
    pub http: Http,
    /// Where gRPC requests come in.
    pub grpc: Grpc,
    /// How callers are known.
    pub auth: Auth,
    /// The terms of the shop.
    pub orders: Orders,
    /// Which log, and its partitions.
    pub log: Log,
    /// The Kafka that holds the log.
    pub kafka: Kafka,
    /// The registry that schemas are kept in.
    pub registry: Registry,
    /// Which stores hold the read models.
    pub stores: Stores,
    /// The Cassandra that holds tables.
    pub cassandra: Cassandra,
    /// The Redis that holds key-values.
    pub redis: Redis,
    /// The OpenSearch that holds what is searched.
    pub opensearch: OpenSearch,
    /// What this process does among several.
    pub node: Node,
    /// Logs of the program itself.
    pub telemetry: Telemetry,
    /// How much is taken on at once.
    pub limits: Limits,
}

/// Where REST requests come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port to listen on.
    pub address: SocketAddr,
}

/// Where gRPC requests come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grpc {
    /// Address and port to listen on.
    pub address: SocketAddr,
}

/// How callers are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// With or without tokens.
    pub mode: AuthMode,
    /// The secret that tokens are signed with (HS256), at least 32 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt_secret: Option<Secret>,
}

/// With or without tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// Everybody is staff; only where nobody from outside can connect.
    #[default]
    Open,
    /// By bearer token.
    Jwt,
}

/// The terms of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Orders {
    /// How long an order may stay unpaid.
    pub payment_window_minutes: u32,
    /// Of orders that name none.
    pub currency: Currency,
    /// Put on the lines, in percent, at most four places.
    pub tax_percent: Amount,
    /// Put on every order, in its currency.
    pub shipping_fee: Amount,
}

/// Which log, and its partitions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// In the data directory, or in Kafka.
    pub kind: LogKind,
    /// Partitions of each stream; fixed once the streams exist. Unless set, 4 in the data directory and 12 in Kafka.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<u32>,
}

/// Where the log is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogKind {
    /// In the data directory, for one process.
    #[default]
    Embedded,
    /// In Kafka, for any number of nodes.
    Kafka,
}

impl Log {
    /// The partitions of each stream (spec §1).
    #[must_use]
    pub fn partitions(&self) -> u32 {
        self.partitions.unwrap_or(match self.kind {
            LogKind::Embedded => 4,
            LogKind::Kafka => 12,
        })
    }
}

/// Logs of the program itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,chimera_engine=debug`.
    pub level: String,
    /// For machines or for people.
    pub format: LogFormat,
}

/// For machines or for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A JSON object a line.
    #[default]
    Json,
    /// Plain lines.
    Text,
}

/// How much is taken on at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest request body, in bytes.
    pub body_bytes: usize,
    /// Commands that may wait for one partition before more are refused.
    pub queued_commands: usize,
    /// How long a stage of the process may take to end, in seconds.
    pub shutdown_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            http: Http::default(),
            grpc: Grpc::default(),
            auth: Auth::default(),
            orders: Orders::default(),
            log: Log::default(),
            kafka: Kafka::default(),
            registry: Registry::default(),
            stores: Stores::default(),
            cassandra: Cassandra::default(),
            redis: Redis::default(),
            opensearch: OpenSearch::default(),
            node: Node::default(),
            telemetry: Telemetry::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self { address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080) }
    }
}

impl Default for Orders {
    fn default() -> Self {
        Self {
            payment_window_minutes: 30,
            currency: Currency::GBP,
            tax_percent: Amount::ZERO,
            shipping_fee: Amount::ZERO,
        }
    }
}

impl Default for Grpc {
    fn default() -> Self {
        Self { address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090) }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::default() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 2 * 1024 * 1024, queued_commands: 4_096, shutdown_seconds: 20 }
    }
}

impl Config {
    /// The usual settings, and a number wherever one may stand: what kind each setting is of.
    fn with_every_number() -> Self {
        let log = Log { partitions: Some(Log::default().partitions()), ..Log::default() };
        Self { log, ..Self::default() }
    }

    /// Checks what serde cannot: ranges, and fields that contradict each other.
    ///
    /// # Errors
    /// The first setting that will not do, with what to do about it.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let broken = self.wrong().or_else(|| self.wrong_stores());
        match broken.or_else(|| self.wrong_among_nodes()) {
            Some((key, must)) => Err(ConfigError::Rule { key, must }),
            None => Ok(self),
        }
    }

    fn wrong_stores(&self) -> Wrong {
        let Stores { rows, kv, search } = self.stores;
        let cassandra = (rows == RowsKind::Cassandra).then(|| self.cassandra.wrong()).flatten();
        let redis = (kv == KvKind::Redis).then(|| self.redis.wrong()).flatten();
        let opensearch =
            (search == SearchKind::OpenSearch).then(|| self.opensearch.wrong()).flatten();
        let stores = self.stores.wrong(self.log.kind);
        stores.or(cassandra).or(redis).or(opensearch)
    }

    fn wrong_among_nodes(&self) -> Wrong {
        if self.log.kind == LogKind::Embedded {
            return None;
        }
        let log = self.kafka.wrong().or_else(|| self.registry.wrong());
        log.or_else(|| self.node.wrong(self.stores.are_shared()))
    }

    fn wrong(&self) -> Wrong {
        let hundred = Amount::from_ten_thousandths(1_000_000);
        let percent_fits = (Amount::ZERO..=hundred).contains(&self.orders.tax_percent);
        let secret = self.auth.jwt_secret.as_ref().map_or(0, |secret| secret.expose().len());
        let open = self.auth.mode == AuthMode::Open;
        let rules = [
            (
                "auth.mode",
                open && !(self.http.address.ip().is_loopback()
                    && self.grpc.address.ip().is_loopback()),
                "open is for loopback addresses only; set auth.mode = \"jwt\" or listen on 127.0.0.1",
            ),
            (
                "auth.jwt_secret",
                !open && secret < 32,
                "must be at least 32 bytes with auth.mode = \"jwt\"",
            ),
            (
                "log.partitions",
                !(1..=1_024).contains(&self.log.partitions()),
                "must be from 1 to 1024",
            ),
            (
                "orders.payment_window_minutes",
                !(1..=525_600).contains(&self.orders.payment_window_minutes),
                "must be from 1 to 525600",
            ),
            ("orders.tax_percent", !percent_fits, "must be from \"0\" to \"100\""),
            (
                "orders.shipping_fee",
                self.orders.shipping_fee.is_negative(),
                "must not be below zero",
            ),
            ("limits.body_bytes", self.limits.body_bytes < 1_024, "must be at least 1024"),
            ("limits.queued_commands", self.limits.queued_commands == 0, "must be at least 1"),
            ("limits.shutdown_seconds", self.limits.shutdown_seconds == 0, "must be at least 1"),
        ];
        first_broken(&rules)
    }

    /// The settings as TOML, secrets hidden: what `--print-config` shows.
    #[must_use]
    pub fn print(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        change(&mut config);
        config.checked().unwrap_err().to_string()
    }

    #[test]
    fn the_usual_settings_are_in_order() {
        assert_eq!(Config::default().checked(), Ok(Config::default()));
    }

    #[test]
    fn nobody_from_outside_is_staff() {
        let said = broken(|config| config.http.address = "0.0.0.0:8080".parse().unwrap());
        assert!(said.starts_with("auth.mode: open is for loopback"), "{said}");
        let jwt = Auth { mode: AuthMode::Jwt, jwt_secret: Some(Secret::new("s".repeat(32))) };
        let http = Http { address: "0.0.0.0:8080".parse().unwrap() };
        assert!(Config { http, auth: jwt, ..Config::default() }.checked().is_ok());
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let said = [
            broken(|config| config.auth.mode = AuthMode::Jwt),
            broken(|config| config.log.partitions = Some(0)),
            broken(|config| config.orders.payment_window_minutes = 0),
            broken(|config| config.orders.tax_percent = "100.5".parse().unwrap()),
            broken(|config| config.orders.shipping_fee = "-1".parse().unwrap()),
            broken(|config| config.limits.body_bytes = 0),
        ];
        let keys: Vec<&str> = said.iter().filter_map(|text| text.split(':').next()).collect();
        assert_eq!(
            keys,
            [
                "auth.jwt_secret",
                "log.partitions",
                "orders.payment_window_minutes",
                "orders.tax_percent",
                "orders.shipping_fee",
                "limits.body_bytes"
            ]
        );
    }

    #[test]
    fn what_is_printed_can_be_read_again_and_hides_the_secret() {
        let auth = Auth { mode: AuthMode::Open, jwt_secret: Some(Secret::new("hush".into())) };
        let printed = Config { auth, ..Config::default() }.print();
        assert!(!printed.contains("hush"), "{printed}");
        assert!(toml::from_str::<Config>(&printed).is_ok());
    }
}
