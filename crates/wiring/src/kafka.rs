//! The settings of Kafka, as the log on Kafka takes them. Never shows a password.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use chimera_config::{Config, Kafka, Role, Roles, SaslMechanism, Secret, Security};
use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_domain::payment::Payment;
use chimera_domain::product::Product;
use chimera_domain::stock::Stock;
use chimera_log_kafka::{KafkaSettings, Membership};

/// What the log on Kafka takes.
#[must_use]
pub fn log_settings(config: &Config, advertised: &str) -> KafkaSettings {
    let kafka = &config.kafka;
    let settings = KafkaSettings::new(&kafka.brokers, &kafka.cluster);
    let at_once = match kafka.transactions_at_once {
        0 => settings.transactions_at_once,
        number => usize::from(number),
    };
    KafkaSettings {
        topic_prefix: kafka.topic_prefix.clone(),
        replication: i32::from(kafka.replication),
        properties: properties(kafka),
        advertised: advertised.to_owned(),
        wanted: Some(wanted(&config.node.roles)),
        membership: Some(Membership {
            session: Duration::from_millis(kafka.session_ms.into()),
            heartbeat: Duration::from_millis(kafka.heartbeat_ms.into()),
        }),
        transactions_at_once: at_once,
        ..settings
    }
}

/// The streams on whose aggregates a node with these roles decides.
fn wanted(roles: &Roles) -> BTreeSet<String> {
    let deciding = [
        (Role::Products, Product::STREAM),
        (Role::Inventory, Stock::STREAM),
        (Role::Orders, Order::STREAM),
        (Role::Payments, Payment::STREAM),
    ];
    let decided = deciding.into_iter().filter(|(role, _)| roles.has(*role));
    decided.map(|(_, stream)| stream.to_owned()).collect()
}

/// The properties of librdkafka that say how to enter, and those that were set by their own names.
fn properties(kafka: &Kafka) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    let mut set = |name: &str, value: Option<String>| {
        properties.extend(value.map(|value| (name.to_owned(), value)));
    };
    let protocol = match kafka.security {
        Security::Plaintext => None,
        Security::Ssl => Some("ssl"),
        Security::SaslPlaintext => Some("sasl_plaintext"),
        Security::SaslSsl => Some("sasl_ssl"),
    };
    set("security.protocol", protocol.map(str::to_owned));
    if kafka.has_sasl() {
        let mechanism = kafka.sasl_mechanism.map(|mechanism| match mechanism {
            SaslMechanism::Plain => "PLAIN",
            SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
            SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
        });
        set("sasl.mechanism", mechanism.map(str::to_owned));
        set("sasl.username", kafka.username.clone());
        set("sasl.password", kafka.password.as_ref().map(Secret::expose).map(str::to_owned));
    }
    let path = |file: &Path| file.display().to_string();
    set("ssl.ca.location", kafka.ca_file.as_deref().map(path));
    set("ssl.certificate.location", kafka.certificate_file.as_deref().map(path));
    set("ssl.key.location", kafka.key_file.as_deref().map(path));
    properties.extend(kafka.properties.expose().clone());
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protected_kafka_is_entered_by_its_own_names() {
        let kafka = Kafka {
            security: Security::SaslSsl,
            sasl_mechanism: Some(SaslMechanism::ScramSha512),
            username: Some("chimera".into()),
            password: Some(Secret::new("hush".into())),
            ca_file: Some("ca.pem".into()),
            properties: BTreeMap::from([("socket.keepalive.enable".into(), "true".into())]).into(),
            ..Kafka::default()
        };
        let found: Vec<(String, String)> = properties(&kafka).into_iter().collect();
        let expected = [
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.password", "hush"),
            ("sasl.username", "chimera"),
            ("security.protocol", "sasl_ssl"),
            ("socket.keepalive.enable", "true"),
            ("ssl.ca.location", "ca.pem"),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
