//! `replay status`: what the log holds, which generations of read models there are, and how far each has applied it.

mod generations;
mod partitions;

use chimera_config::Config;
use chimera_model::{ALL, ReadModel};
use chimera_stores::View;
use chimera_worker::Positions as Standing;
use serde::Serialize;

use crate::data::Data;
use crate::failure::Failure;

/// How everything stands.
#[derive(Debug, Serialize)]
pub struct StatusReport {
    /// Always `ok`; see each read model's lag.
    pub verdict: &'static str,
    /// What the log holds.
    pub partitions: Vec<PartitionStatus>,
    /// How far each read model is.
    pub models: Vec<ModelStatus>,
}

/// One partition of one stream.
#[derive(Debug, Serialize)]
pub struct PartitionStatus {
    /// The stream's name.
    pub stream: String,
    /// The partition's index.
    pub partition: u32,
    /// The first sequence; one more than the last if there is no record; none where the log does not say.
    pub first: Option<u64>,
    /// The last acknowledged sequence; 0 if there is no record.
    pub last: u64,
    /// Bytes of records; none where the log does not say.
    pub bytes: Option<u64>,
    /// How many files; none where the log does not say.
    pub segments: Option<usize>,
    /// When the log took its first event; none if there is none or it cannot be read.
    pub oldest: Option<String>,
    /// When the log took its last event.
    pub newest: Option<String>,
    /// Which process has claimed it last; none on a log for one process.
    pub owner: Option<Owned>,
}

/// Who writes a partition.
#[derive(Debug, Serialize)]
pub struct Owned {
    /// Where the process takes commands from others.
    pub address: String,
    /// The term of its claim.
    pub term: u64,
}

/// One read model.
#[derive(Debug, Serialize)]
pub struct ModelStatus {
    /// Its name.
    pub name: &'static str,
    /// The generation that readers see; none before the first.
    pub live: Option<u32>,
    /// The generations that exist.
    pub generations: Vec<GenerationStatus>,
    /// How many events the live one is behind, over all partitions.
    pub lag: u64,
    /// How many aggregates wait among the dead letters of the live one.
    pub parked_aggregates: u64,
    /// How many events of theirs.
    pub parked_events: u64,
    /// How far each partition is applied.
    pub positions: Vec<Position>,
}

/// One generation of a read model.
#[derive(Debug, Serialize)]
pub struct GenerationStatus {
    /// Its number.
    pub generation: u32,
    /// `live`, `previous` (to which `replay rollback` leads), `building`, `built`, or `unknown` to the control log.
    pub state: &'static str,
    /// Which part of the log it holds; none if all of it.
    pub partial: Option<String>,
    /// Whether it was proved to be what the log says; none if nobody has looked.
    pub verified: Option<bool>,
    /// How many events it is behind the end of the log, in the store that is furthest behind.
    pub lag: u64,
}

/// How far one partition is applied to one read model.
#[derive(Debug, Serialize)]
pub struct Position {
    /// The stream's name.
    pub stream: String,
    /// The partition's index.
    pub partition: u32,
    /// The last sequence applied.
    pub applied: u64,
    /// The last sequence of the log.
    pub end: u64,
    /// How old the next event is that is not applied; 0 when caught up, none if it cannot be read.
    pub lag_seconds: Option<i64>,
}

pub(crate) async fn status(config: &Config) -> Result<StatusReport, Failure> {
    let data = Data::open(config).await?;
    let mut models = Vec::new();
    for model in ALL {
        models.push(of_model(&data, model).await?);
    }
    let partitions = partitions::all(&data.log).await?;
    Ok(StatusReport { verdict: "ok", partitions, models })
}

/// How one read model stands.
pub(crate) async fn of_model(
    data: &Data,
    model: &'static ReadModel,
) -> Result<ModelStatus, Failure> {
    let live = data.live(model).await?;
    let generations = generations::all(data, model).await?;
    let view = View::new(model.name, live.unwrap_or(0));
    let applied = data.applied(model, view).await?;
    let now = crate::data::now();
    let feeder = data.feeder(data.all())?;
    let known = live.filter(|_| applied.missing(model).is_none());
    let standing = feeder.standing(model, known, &Standing::default(), now).await;
    let standing = standing.map_err(Failure::failed)?;
    let mut positions = Vec::new();
    for one in &standing.partitions {
        let (stream, partition) = (one.partition.stream.to_string(), one.partition.index);
        let lag_seconds = one.micros.map(|micros| micros / 1_000_000);
        let (applied, end) = (one.applied, one.end);
        positions.push(Position { stream, partition, applied, end, lag_seconds });
    }
    let lag = standing.events();
    let (parked_aggregates, parked_events) = (standing.parked_aggregates, standing.parked_events);
    Ok(ModelStatus {
        name: model.name,
        live,
        generations,
        lag,
        parked_aggregates,
        parked_events,
        positions,
    })
}
