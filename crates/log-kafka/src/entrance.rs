//! The first connection: whether Kafka lets this process in, and if not, why. Asks once, before anything else connects, so that
//! a wrong password is one line and not a hundred. Never shows the password.

use std::fs::File;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};

use crate::config;
use crate::error::OpenError;
use crate::settings::KafkaSettings;

/// One try. librdkafka connects anew several times meanwhile, to other brokers too, so that one that refuses decides nothing.
const ATTEMPT: Duration = Duration::from_secs(2);

/// How long is listened to what librdkafka has to say of a failed try: all of it is there, and without a time only a first word
/// is taken.
const LISTEN: Duration = Duration::from_millis(50);

/// Properties that name files.
const FILES: [&str; 3] = ["ssl.ca.location", "ssl.certificate.location", "ssl.key.location"];

/// Waits until Kafka answers.
///
/// # Errors
/// If it refuses this process, or does not answer in the time of one request; or if a setting is not valid.
pub(crate) fn enter(settings: &KafkaSettings) -> Result<(), OpenError> {
    let failed = |reason: String| OpenError { brokers: settings.brokers.clone(), reason };
    let client = config::admin(settings).create_with_context(Heard::default());
    let client: BaseProducer<Heard> = client.map_err(|error| failed(unusable(&error, settings)))?;
    let deadline = Instant::now() + settings.deadlines.request;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Err(error) = client.client().fetch_metadata(None, left.min(ATTEMPT)) else {
            return Ok(());
        };
        client.poll(LISTEN);
        let trouble = client.context().worst();
        if trouble.as_ref().is_some_and(Trouble::is_refusal) || Instant::now() >= deadline {
            return Err(failed(trouble.map_or(error.to_string(), |trouble| trouble.in_words())));
        }
    }
}

/// Of a client that could not even be made. OpenSSL does not say which file it missed.
fn unusable(error: &KafkaError, settings: &KafkaSettings) -> String {
    let KafkaError::ClientCreation(reason) = error else { return error.to_string() };
    for name in FILES {
        let Some(path) = settings.properties.get(name) else { continue };
        if let Err(unread) = File::open(path) {
            return format!("its setting {name} = {path}: {unread}");
        }
    }
    format!("its settings: {}", reason.trim())
}

/// What went wrong with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trouble {
    kind: Kind,
    reason: String,
}

/// The more it says to an operator, the later it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Silence,
    Connection,
    Certificate,
    Password,
}

impl Trouble {
    fn new(code: Option<RDKafkaErrorCode>, reason: &str) -> Self {
        let kind = match code {
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                Kind::Password
            }
            Some(RDKafkaErrorCode::SSL) => Kind::Certificate,
            Some(RDKafkaErrorCode::AllBrokersDown) => Kind::Silence,
            _ => Kind::Connection,
        };
        Self { kind, reason: reason.to_owned() }
    }

    /// Whether trying on would change nothing.
    fn is_refusal(&self) -> bool {
        self.kind >= Kind::Certificate
    }

    fn in_words(&self) -> String {
        let reason = &self.reason;
        match self.kind {
            Kind::Password => format!(
                "it does not let this account in ({reason}); check kafka.username, kafka.password and kafka.sasl_mechanism"
            ),
            Kind::Certificate => format!(
                "the TLS connection failed ({reason}); check kafka.security, that kafka.ca_file is the authority that signed the brokers' \
                 certificates, and that these name the hosts in kafka.brokers"
            ),
            Kind::Connection | Kind::Silence => {
                format!("it does not answer ({reason}); check kafka.brokers and kafka.security")
            }
        }
    }
}

/// Keeps the most telling of what librdkafka says of its connections, and of those the last.
#[derive(Default)]
struct Heard(Mutex<Option<Trouble>>);

impl Heard {
    fn hear(&self, trouble: Trouble) {
        let mut worst = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if worst.as_ref().is_none_or(|worst| trouble.kind >= worst.kind) {
            *worst = Some(trouble);
        }
    }

    fn worst(&self) -> Option<Trouble> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Heard {
    /// Says the same as the errors.
    fn log(&self, _: RDKafkaLogLevel, facility: &str, line: &str) {
        tracing::debug!(facility, line, "librdkafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.hear(Trouble::new(error.rdkafka_error_code(), reason));
    }
}

impl ProducerContext for Heard {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_remembered_over_the_silence_that_follows() {
        let heard = Heard::default();
        let hear = |code, reason: &str| heard.hear(Trouble::new(Some(code), reason));
        hear(RDKafkaErrorCode::BrokerTransportFailure, "reset");
        assert!(!heard.worst().unwrap().is_refusal());
        hear(RDKafkaErrorCode::Authentication, "invalid credentials");
        hear(RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down");
        let worst = heard.worst().unwrap();
        assert!(worst.is_refusal());
        let said = worst.in_words();
        assert!(said.contains("let this account in (invalid credentials)"), "{said}");
    }

    #[test]
    fn where_nobody_listens_it_is_said_which_setting_to_look_at() {
        let mut settings = KafkaSettings::new("127.0.0.1:1", "shop");
        settings.deadlines.request = Duration::from_millis(300);
        let said = enter(&settings).unwrap_err().to_string();
        assert!(said.contains("Kafka at 127.0.0.1:1 cannot be used: it does not answer"), "{said}");
        assert!(said.contains("Connection refused") && said.contains("kafka.brokers"), "{said}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let mut settings = KafkaSettings::new("127.0.0.1:1", "shop");
        let properties = [("security.protocol", "ssl"), ("ssl.ca.location", "nowhere.pem")];
        settings.properties = properties.map(|(name, value)| (name.into(), value.into())).into();
        let said = enter(&settings).unwrap_err().to_string();
        assert!(said.contains("its setting ssl.ca.location = nowhere.pem: "), "{said}");
    }
}
