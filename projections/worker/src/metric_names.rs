//! The metrics of the projections: names that operators rely on, each with what it says.

/// Events that a read model has not applied yet.
pub(crate) const LAG_EVENTS: &str = "projection_lag_events";
/// Age of the oldest event that a read model has not applied yet.
pub(crate) const LAG_SECONDS: &str = "projection_lag_seconds";
/// 1 while a read model has stopped with an error, else 0.
pub(crate) const HALTED: &str = "projection_halted";
/// Events read and applied or skipped.
pub(crate) const EVENTS: &str = "projection_events_total";
/// Events in one apply.
pub(crate) const BATCH_EVENTS: &str = "projection_batch_events";
/// Milliseconds of one apply with its checkpoint.
pub(crate) const APPLY_MS: &str = "projection_apply_ms";
/// Attempts on log or store that failed and were made again.
pub(crate) const RETRIES: &str = "projection_retries_total";
/// Aggregates that wait among the dead letters.
pub(crate) const DLQ_AGGREGATES: &str = "projection_dlq_aggregates";
/// Events that wait among the dead letters.
pub(crate) const DLQ_EVENTS: &str = "projection_dlq_events";
/// Events that have gone to the dead letters, by why.
pub(crate) const DLQ_PARKED: &str = "projection_dlq_parked_total";

/// Tells the recorder what each metric says; call once.
pub fn describe() {
    use metrics::Unit::{Count, Milliseconds, Seconds};
    use metrics::{describe_counter, describe_gauge, describe_histogram};

    describe_gauge!(LAG_EVENTS, Count, "events that a read model has not applied yet");
    describe_gauge!(LAG_SECONDS, Seconds, "age of the oldest event not applied; 0 when caught up");
    describe_gauge!(HALTED, "1 while a read model has stopped with an error, else 0");
    describe_counter!(EVENTS, Count, "events read and applied or skipped");
    describe_histogram!(BATCH_EVENTS, Count, "events in one apply");
    describe_histogram!(APPLY_MS, Milliseconds, "one apply with its checkpoint");
    describe_counter!(RETRIES, Count, "attempts on log or store that failed and were made again");
    describe_gauge!(DLQ_AGGREGATES, Count, "aggregates that wait among the dead letters");
    describe_gauge!(DLQ_EVENTS, Count, "events that wait among the dead letters");
    describe_counter!(DLQ_PARKED, Count, "events that have gone to the dead letters");
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 10] = [
        LAG_EVENTS,
        LAG_SECONDS,
        HALTED,
        EVENTS,
        BATCH_EVENTS,
        APPLY_MS,
        RETRIES,
        DLQ_AGGREGATES,
        DLQ_EVENTS,
        DLQ_PARKED,
    ];

    #[test]
    fn alerts_speak_of_metrics_that_there_are() {
        let alerts = include_str!("../../../deploy/prometheus/alerts.yaml");
        let is_of_a_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        let words = alerts.split(|letter: char| !is_of_a_name(letter));
        let named: Vec<&str> = words.filter(|word| word.starts_with("projection_")).collect();
        for name in &named {
            assert!(ALL.contains(name), "{name}");
        }
        for needed in [DLQ_AGGREGATES, DLQ_PARKED, HALTED, LAG_SECONDS] {
            assert!(named.contains(&needed), "no alert on {needed}");
        }
    }
}
