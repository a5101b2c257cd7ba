//! The metrics of the engine: names that operators rely on, each with what it says.

/// Events in one append.
pub const APPEND_BATCH_EVENTS: &str = "log_append_batch_events";
/// Milliseconds from handing a batch to the log until it was durable.
pub const APPEND_LATENCY_MS: &str = "log_append_latency_ms";
/// 1 while this process owns and serves the partition, else 0.
pub const PARTITION_OWNED: &str = "partition_owned";
/// Seconds from claiming a partition until it served.
pub const TAKEOVER_SECONDS: &str = "takeover_seconds";

/// Tells the recorder what each metric says; call once.
pub fn describe() {
    metrics::describe_histogram!(APPEND_BATCH_EVENTS, "events in one append");
    metrics::describe_histogram!(
        APPEND_LATENCY_MS,
        metrics::Unit::Milliseconds,
        "from handing a batch to the log until it was durable"
    );
    metrics::describe_gauge!(PARTITION_OWNED, "1 while this process owns and serves the partition");
    metrics::describe_gauge!(
        TAKEOVER_SECONDS,
        metrics::Unit::Seconds,
        "from claiming a partition until it served"
    );
}
