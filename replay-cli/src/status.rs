//! `replay status`: what the log holds, and how far each read model has applied it.

use chimera_config::Config;
use chimera_log::Partition;
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
}

/// One read model.
#[derive(Debug, Serialize)]
pub struct ModelStatus {
    /// Its name.
    pub name: &'static str,
    /// The generation that readers see; none before the first.
    pub live: Option<u32>,
    /// The generations that exist.
    pub generations: Vec<u32>,
    /// How many events the live one is behind, over all partitions.
    pub lag: u64,
    /// How many aggregates wait among the dead letters of the live one.
    pub parked_aggregates: u64,
    /// How many events of theirs.
    pub parked_events: u64,
    /// How far each partition is applied.
    pub positions: Vec<Position>,
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
    let mut partitions = Vec::new();
    match &data.log.embedded {
        Some(log) => partitions.extend(log.sizes().iter().map(of_partition)),
        None => partitions.extend(data.log.all_ends()?.into_iter().map(ending)),
    }
    Ok(StatusReport { verdict: "ok", partitions, models })
}

fn of_partition(size: &chimera_log_embedded::PartitionStatus) -> PartitionStatus {
    PartitionStatus {
        stream: size.partition.stream.to_string(),
        partition: size.partition.index,
        first: Some(size.first_sequence),
        last: size.last_sequence,
        bytes: Some(size.bytes),
        segments: Some(size.segments),
    }
}

/// All that a log elsewhere says of a partition.
fn ending((partition, last): (Partition, u64)) -> PartitionStatus {
    let (stream, partition) = (partition.stream.to_string(), partition.index);
    PartitionStatus { stream, partition, first: None, last, bytes: None, segments: None }
}

pub(crate) async fn of_model(
    data: &Data,
    model: &'static ReadModel,
) -> Result<ModelStatus, Failure> {
    let (live, generations) = (data.live(model).await?, data.generations(model).await?);
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
