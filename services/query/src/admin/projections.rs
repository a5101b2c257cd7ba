//! GET `/admin/projections`: how every read model stands.

use axum::Json;
use axum::extract::State;
use chimera_kit::auth::{Caller, READ_PROJECTIONS};
use chimera_kit::problem::Problem;
use chimera_model::ALL;
use chimera_worker::{PartitionStanding, Standing};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Projections, problem, unavailable};

/// How the read models stand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectionList {
    items: Vec<Projection>,
}

/// How one read model stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Projection {
    #[schema(example = "order_details")]
    model: &'static str,
    /// The generation that readers see.
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u32>,
    /// Why this node has stopped feeding it.
    #[serde(skip_serializing_if = "Option::is_none")]
    halted: Option<String>,
    /// Why its store does not say how far it is; then only the partitions that this node feeds are here.
    #[serde(skip_serializing_if = "Option::is_none")]
    store_silent: Option<String>,
    /// Events that are not applied, over all partitions.
    lag_events: u64,
    /// Age of the oldest event that is not applied; 0 when caught up.
    lag_seconds: f64,
    dead_letters: DeadLetterCount,
    partitions: Vec<PartitionLag>,
}

/// What waits because it could not be applied.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterCount {
    aggregates: u64,
    events: u64,
}

/// How far one partition is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartitionLag {
    stream: String,
    partition: u32,
    /// The last sequence that is applied.
    applied: u64,
    /// The last sequence of the log.
    end: u64,
    lag_events: u64,
    /// Absent if the next event cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_seconds: Option<f64>,
    /// For how long this node, which feeds it, has waited for the store. Absent while the store answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_for_store_seconds: Option<f64>,
}

/// How every read model stands
///
/// Also of partitions that other nodes feed. Needs the scope `read:projections`.
#[utoipa::path(
    get, path = "/admin/projections", tag = "admin",
    responses((status = 200, body = ProjectionList, description = "Every read model."))
)]
pub(crate) async fn projections(
    State(state): State<Projections>,
    caller: Caller,
) -> Result<Json<ProjectionList>, Problem> {
    caller.must_have(READ_PROJECTIONS)?;
    let (mut items, now) = (Vec::new(), (state.clock)());
    for model in ALL {
        let live = state.generations.live_generation(model.name);
        let live = live.map_err(|error| unavailable(&error))?;
        let standing = state.feeder.standing(model, Some(live), &state.positions, now).await;
        items.push(shown(&standing.map_err(|error| problem(&error))?));
    }
    Ok(Json(ProjectionList { items }))
}

fn shown(standing: &Standing) -> Projection {
    let partitions: Vec<PartitionLag> = standing.partitions.iter().map(partition).collect();
    let oldest = partitions.iter().filter_map(|partition| partition.lag_seconds);
    Projection {
        model: standing.model,
        generation: standing.generation,
        halted: standing.halted.as_deref().map(str::to_owned),
        store_silent: standing.silent.clone(),
        lag_events: standing.events(),
        lag_seconds: oldest.fold(0.0, f64::max),
        dead_letters: DeadLetterCount {
            aggregates: standing.parked_aggregates,
            events: standing.parked_events,
        },
        partitions,
    }
}

fn partition(standing: &PartitionStanding) -> PartitionLag {
    PartitionLag {
        stream: standing.partition.stream.to_string(),
        partition: standing.partition.index,
        applied: standing.applied,
        end: standing.end,
        lag_events: standing.events(),
        lag_seconds: standing.seconds(),
        waiting_for_store_seconds: standing.waited.map(|waited| waited.as_secs_f64()),
    }
}
