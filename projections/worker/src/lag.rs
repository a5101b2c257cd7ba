//! How far read models are behind the log, as health and metrics show it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chimera_domain::time::Timestamp;
use chimera_log::Partition;
use metrics::gauge;
use tokio::time::{MissedTickBehavior, interval};

use crate::answers::Answers;
use crate::positions::Positions;
use crate::{Clock, metric_names as names};

/// How far one read model is behind in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// Which read model.
    pub model: &'static str,
    /// In which partition.
    pub partition: Partition,
    /// Up to where it has been applied.
    pub applied: u64,
    /// How many events are not applied.
    pub events: u64,
    /// How old the oldest of them is, in microseconds; 0 when caught up.
    pub micros: i64,
    /// Why the read model has stopped; none while it runs.
    pub halted: Option<Arc<str>>,
    /// How many aggregates wait among the dead letters, and how many events of them.
    pub parked: (u64, u64),
    /// Whether its store answers.
    pub store: Answers,
}

impl Lag {
    /// How old the oldest event that is not applied is, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        seconds(self.micros)
    }
}

/// Microseconds as metrics and people have them; none are below 0.
pub(crate) fn seconds(micros: i64) -> f64 {
    Duration::from_micros(micros.max(0).cast_unsigned()).as_secs_f64()
}

/// Shows the lags as metrics, `every` so often, until it is dropped.
pub async fn report_lags(positions: Positions, clock: Clock, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        show(&positions, clock());
    }
}

fn show(positions: &Positions, now: Timestamp) {
    let mut parked: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
    for lag in positions.lags(now) {
        let of_model = parked.entry(lag.model).or_default();
        *of_model = (of_model.0 + lag.parked.0, of_model.1 + lag.parked.1);
        let labels = [
            ("model", lag.model.to_owned()),
            ("stream", lag.partition.stream.to_string()),
            ("partition", lag.partition.index.to_string()),
        ];
        gauge!(names::LAG_SECONDS, &labels).set(lag.seconds());
        #[expect(clippy::cast_precision_loss, reason = "a gauge; exact up to 2⁵³ events")]
        gauge!(names::LAG_EVENTS, &labels).set(lag.events as f64);
        let halted = if lag.halted.is_some() { 1.0 } else { 0.0 };
        gauge!(names::HALTED, "model" => lag.model).set(halted);
    }
    for (model, (aggregates, events)) in parked {
        #[expect(clippy::cast_precision_loss, reason = "gauges; far below 2⁵³")]
        let (aggregates, events) = (aggregates as f64, events as f64);
        gauge!(names::DLQ_AGGREGATES, "model" => model).set(aggregates);
        gauge!(names::DLQ_EVENTS, "model" => model).set(events);
    }
}
