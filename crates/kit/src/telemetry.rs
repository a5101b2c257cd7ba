//! Logs to stderr and metrics for `/metrics`. Set up once, before anything else runs.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::metric_names;
use chimera_config::{LogFormat, Telemetry};

/// Upper bounds of latencies, in milliseconds.
const LATENCY_MS: &[f64] = &[
    0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0,
    30_000.0,
];

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is none.
    #[error("telemetry.level: {0}")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    /// Something else in this process has set it up before.
    #[error("telemetry is already set up: {0}")]
    Twice(String),
    /// The metrics could not be set up.
    #[error("metrics: {0}")]
    Metrics(#[from] BuildError),
}

/// Starts logging and counting.
///
/// # Errors
/// If the level is none, or it was done before.
pub fn init(settings: &Telemetry) -> Result<PrometheusHandle, TelemetryError> {
    start_logging(settings)?;
    let handle = builder()?.install_recorder()?;
    metric_names::describe();
    Ok(handle)
}

/// Starts logging alone: for commands that serve nothing.
///
/// # Errors
/// If the level is none, or it was done before.
pub fn start_logging(settings: &Telemetry) -> Result<(), TelemetryError> {
    // The embedded stores tell every table they write; a filter for them in the settings comes later and wins.
    let filter = EnvFilter::try_new(format!("fjall=warn,lsm_tree=warn,{}", settings.level))?;
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    let started = match settings.format {
        LogFormat::Json => {
            subscriber.json().flatten_event(true).with_current_span(false).try_init()
        }
        LogFormat::Text => subscriber.try_init(),
    };
    started.map_err(|error| TelemetryError::Twice(error.to_string()))
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_ms".into()), LATENCY_MS)
}

/// The metrics as text, as Prometheus reads them.
#[must_use]
pub fn render(handle: &PrometheusHandle) -> String {
    handle.run_upkeep();
    handle.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_is_none_is_refused() {
        let settings = Telemetry { level: "chimera=loud".into(), ..Telemetry::default() };
        assert!(matches!(init(&settings), Err(TelemetryError::Level(_))));
    }

    #[test]
    fn latencies_have_buckets() {
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            metric_names::describe();
            metrics::histogram!(metric_names::ORDER_CREATION_LATENCY_MS).record(3.0);
        });
        let text = render(&recorder.handle());
        assert!(text.contains("order_creation_latency_ms_bucket{le=\"5\"} 1"), "{text}");
        assert!(text.contains("orders_created_total 0"), "{text}");
    }
}
