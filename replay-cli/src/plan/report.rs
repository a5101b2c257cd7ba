//! A plan, as programs and people read it.

use serde::Serialize;

/// What a rebuild would do.
#[derive(Debug, Serialize)]
pub struct PlanReport {
    /// `ready`, or `blocked` if something is in the way.
    pub verdict: &'static str,
    /// One entry for each read model asked for.
    pub models: Vec<ModelPlan>,
    /// How long all of them take, as many at once as there are cores; none where a rate is missing.
    pub seconds: Option<f64>,
    /// How much disk the new generations need beside the live ones: what the embedded stores take now. None where
    /// that is not known.
    pub disk_bytes: Option<u64>,
    /// What has to be put right before anything can be rebuilt.
    pub in_the_way: Vec<String>,
}

/// What a rebuild of one read model would do.
#[derive(Debug, Serialize)]
pub struct ModelPlan {
    /// Its name.
    pub name: &'static str,
    /// The generation that readers see; none before the first.
    pub live: Option<u32>,
    /// Generations beside it, left by a run that did not come to its end or kept to go back to.
    pub beside: Vec<u32>,
    /// How many events are read or passed over.
    pub events: u64,
    /// Their bytes; of a log elsewhere an estimate.
    pub bytes: u64,
    /// By stream.
    pub streams: Vec<StreamPlan>,
    /// How many rows there will be, by those that are live; none where there is no live generation.
    pub rows: Option<u64>,
    /// How long it takes alone beside as many others as there are cores; none where no rate is known.
    pub seconds: Option<f64>,
    /// What has to be put right before.
    pub in_the_way: Vec<String>,
}

/// What is read of one stream.
#[derive(Debug, Default, Serialize)]
pub struct StreamPlan {
    /// Its name.
    pub stream: String,
    /// How many events it has.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many of them are of a type that the read model reads, estimated from a sample; the others are passed over.
    pub read: u64,
}

impl PlanReport {
    pub(super) fn new(
        models: Vec<ModelPlan>,
        seconds: Option<f64>,
        disk_bytes: Option<u64>,
        in_the_way: Vec<String>,
    ) -> Self {
        let free = in_the_way.is_empty() && models.iter().all(|model| model.in_the_way.is_empty());
        let verdict = if free { "ready" } else { "blocked" };
        Self { verdict, models, seconds, disk_bytes, in_the_way }
    }
}

impl ModelPlan {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            live: None,
            beside: Vec::new(),
            events: 0,
            bytes: 0,
            streams: Vec::new(),
            rows: None,
            seconds: None,
            in_the_way: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, stream: StreamPlan) {
        self.events += stream.events;
        self.bytes += stream.bytes;
        self.streams.push(stream);
    }
}
