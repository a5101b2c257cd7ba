//! The broker of the tests, if there is one, and topics that no other run has.
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use std::env;

use chimera_log_kafka::{KafkaLog, KafkaSettings};
use uuid::Uuid;

/// Where the broker is.
pub(crate) struct Stack {
    brokers: String,
}

/// The broker, or a line that says why there is none.
pub(crate) fn find() -> Option<Stack> {
    if env::var("CHIMERA_STACK").as_deref() != Ok("1") {
        eprintln!("left out: needs Kafka; start the stack and set CHIMERA_STACK=1");
        return None;
    }
    let brokers = env::var("CHIMERA_STACK_KAFKA");
    Some(Stack { brokers: brokers.unwrap_or_else(|_| "127.0.0.1:9092".to_owned()) })
}

impl Stack {
    /// Settings whose topics and ids nobody else has.
    pub(crate) fn fresh(&self) -> KafkaSettings {
        let name = format!("test-{}", Uuid::now_v7().simple());
        let topic_prefix = format!("{name}.");
        KafkaSettings { topic_prefix, ..KafkaSettings::new(&self.brokers, &name) }
    }
}

pub(crate) fn open(settings: KafkaSettings) -> KafkaLog {
    KafkaLog::open(settings).unwrap()
}
