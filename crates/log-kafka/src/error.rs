//! Why the log could not be opened, and how librdkafka's errors become words. The port's own errors belong to the port.

use chimera_log::{ClaimError, Partition, ReadError};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Why Kafka cannot be used as it is set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Kafka at {brokers} cannot be used: {reason}")]
pub struct OpenError {
    /// Where it should be.
    pub brokers: String,
    /// What an operator can act on.
    pub reason: String,
}

pub(crate) fn unclaimed(partition: &Partition, reason: &impl ToString) -> ClaimError {
    ClaimError::Unavailable { partition: partition.clone(), reason: reason.to_string() }
}

pub(crate) fn unread(partition: &Partition, reason: &impl ToString) -> ReadError {
    ReadError::Unavailable { partition: partition.clone(), reason: reason.to_string() }
}

/// Whether librdkafka goes on by itself after this: connections come back, leaders move.
pub(crate) fn passes(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::RequestTimedOut
        )
    )
}

/// Whether a newer producer has taken the transactional id.
pub(crate) fn is_fence(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::Fenced
            | RDKafkaErrorCode::InvalidProducerEpoch
            | RDKafkaErrorCode::ProducerFenced
    )
}
