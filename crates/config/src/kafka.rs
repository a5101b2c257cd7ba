//! Where Kafka and its schema registry are, and how they are entered. Owns names and defaults; what keeps the log correct
//! is no setting.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::rules::{Wrong, first_broken};
use super::{Properties, Secret};

/// The Kafka that holds the log; in use where `log.kind` is `kafka`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kafka {
    /// `host:port`, separated by commas.
    pub brokers: String,
    /// Names this installation: the prefix of transactional ids and of consumer groups.
    pub cluster: String,
    /// Stands before the name of every topic.
    pub topic_prefix: String,
    /// Replicas of the topics that are created; from 3 on, two of them must have a record before it is acknowledged.
    pub replication: u16,
    /// How the connection is protected.
    pub security: Security,
    /// How this process says who it is; needed with `sasl_plaintext` and `sasl_ssl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sasl_mechanism: Option<SaslMechanism>,
    /// With SASL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// With SASL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// PEM file of the authorities that brokers are believed by; without it, the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// PEM file of this process's own certificate, where brokers want one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// PEM file of its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Silence after which a node counts as gone; not below the brokers' `group.min.session.timeout.ms`.
    pub session_ms: u32,
    /// How often a node gives a sign of life; a third of the session at most.
    pub heartbeat_ms: u32,
    /// How many transactions of a node run at once; 0 is one more than it has processors. More where Kafka has machines of its
    /// own and answers slowly.
    pub transactions_at_once: u16,
    /// Any other property of librdkafka.
    pub properties: Properties,
}

/// How the connection is protected; the names of Kafka's `security.protocol`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// Not at all.
    #[default]
    Plaintext,
    /// By TLS.
    Ssl,
    /// Names and passwords, without TLS.
    SaslPlaintext,
    /// Names and passwords, by TLS.
    SaslSsl,
}

/// The names of Kafka's `sasl.mechanism`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SaslMechanism {
    /// The password itself; only by TLS.
    #[serde(rename = "PLAIN")]
    Plain,
    /// Salted challenge and response.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// Salted challenge and response.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

/// The registry that schemas are kept in; in use where `log.kind` is `kafka`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Registry {
    /// Such as `http://127.0.0.1:8081`, or with `https`; without it events carry the bundled ids, and only Chimera reads them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// With basic authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// With basic authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// PEM file of an authority that an `https` registry is believed by, beside the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl Registry {
    /// What must be, if something will not do.
    pub(super) fn wrong(&self) -> Wrong {
        let url = self.url.as_deref().unwrap_or("http://");
        let rules = [
            (
                "registry.url",
                url.contains('@'),
                "must not hold a password; use registry.username and registry.password",
            ),
            (
                "registry.url",
                !(url.starts_with("http://") || url.starts_with("https://")),
                "must begin with http:// or https://",
            ),
            (
                "registry.username",
                self.username.is_some() != self.password.is_some(),
                "and registry.password go together",
            ),
        ];
        first_broken(&rules)
    }
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".to_owned(),
            cluster: "chimera".to_owned(),
            topic_prefix: String::new(),
            replication: 1,
            security: Security::default(),
            sasl_mechanism: None,
            username: None,
            password: None,
            ca_file: None,
            certificate_file: None,
            key_file: None,
            session_ms: 1_500,
            heartbeat_ms: 500,
            transactions_at_once: 0,
            properties: Properties::default(),
        }
    }
}

impl Kafka {
    /// Whether the brokers ask for a name and a password.
    #[must_use]
    pub fn has_sasl(&self) -> bool {
        matches!(self.security, Security::SaslPlaintext | Security::SaslSsl)
    }

    /// What must be, if something will not do.
    pub(super) fn wrong(&self) -> Wrong {
        let named =
            self.sasl_mechanism.is_some() && self.username.is_some() && self.password.is_some();
        let plain_in_the_open = self.security == Security::SaslPlaintext
            && self.sasl_mechanism == Some(SaslMechanism::Plain);
        let rules = [
            ("kafka.brokers", self.brokers.is_empty(), "must name at least one host:port"),
            ("kafka.cluster", self.cluster.is_empty(), "must not be empty"),
            ("kafka.replication", self.replication == 0, "must be at least 1"),
            (
                "kafka.security",
                self.has_sasl() && !named,
                "sasl needs kafka.sasl_mechanism, kafka.username and kafka.password",
            ),
            (
                "kafka.sasl_mechanism",
                plain_in_the_open,
                "PLAIN shows the password to the network; use security = \"sasl_ssl\" or a SCRAM mechanism",
            ),
            (
                "kafka.heartbeat_ms",
                self.heartbeat_ms == 0 || self.heartbeat_ms.saturating_mul(3) > self.session_ms,
                "must be at least 1 and at most a third of kafka.session_ms",
            ),
        ];
        first_broken(&rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_entered_without_a_password_in_its_address() {
        let wrong = |change: fn(&mut Registry)| {
            let mut registry = Registry::default();
            change(&mut registry);
            registry.wrong().map(|(key, _)| key)
        };
        assert_eq!(wrong(|_| {}), None);
        assert_eq!(wrong(|it| it.url = Some("http://127.0.0.1:8081".into())), None);
        assert_eq!(wrong(|it| it.url = Some("https://host:8081".into())), None);
        let urls = ["http://shop:hush@host:8081", "ftp://host:8081", "host:8081"];
        for url in urls {
            let registry = Registry { url: Some(url.into()), ..Registry::default() };
            assert_eq!(registry.wrong().map(|(key, _)| key), Some("registry.url"), "{url}");
        }
        assert_eq!(wrong(|it| it.username = Some("shop".into())), Some("registry.username"));
    }
}
