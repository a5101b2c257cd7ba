//! What consumers say of themselves. The end of a partition is no error, whatever librdkafka calls it; the rest is for an operator.

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// A consumer that speaks so.
pub(crate) type Voiced = BaseConsumer<Voice>;

/// Speaks for a consumer.
pub(crate) struct Voice;

impl ClientContext for Voice {
    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            tracing::warn!(%error, reason, "a connection to Kafka is in trouble; it tries again");
        }
    }
}

impl ConsumerContext for Voice {}
