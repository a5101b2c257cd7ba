//! `replay status`: what the log holds, and how far each read model has applied it.

use chimera_config::Config;
use chimera_log::Partition;
use chimera_model::{ALL, ReadModel};
use chimera_stores::View;
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
}

pub(crate) async fn status(config: &Config) -> Result<StatusReport, Failure> {
    let data = Data::open(config).await?;
    let mut models = Vec::new();
    for model in ALL {
        models.push(of_model(&data, model).await?);
    }
    let mut partitions = Vec::new();
    match &data.embedded {
        Some(log) => partitions.extend(log.sizes().into_iter().map(of_partition)),
        None => partitions.extend(data.all_ends()?.into_iter().map(ending)),
    }
    Ok(StatusReport { verdict: "ok", partitions, models })
}

fn of_partition(size: chimera_log_embedded::PartitionStatus) -> PartitionStatus {
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

async fn of_model(data: &Data, model: &ReadModel) -> Result<ModelStatus, Failure> {
    let (live, generations) = (data.live(model).await?, data.generations(model).await?);
    let view = View::new(model.name, live.unwrap_or(0));
    let applied = data.applied(model, view).await?;
    let (mut lag, mut positions) = (0, Vec::new());
    for (partition, end) in data.ends(&model.streams())? {
        let done = applied.least(&partition);
        lag += end.saturating_sub(done);
        let (stream, partition) = (partition.stream.to_string(), partition.index);
        positions.push(Position { stream, partition, applied: done, end });
    }
    Ok(ModelStatus { name: model.name, live, generations, lag, positions })
}
