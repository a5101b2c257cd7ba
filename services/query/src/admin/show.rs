//! GET `/admin/dead-letters/{model}/{key}`: every event of an aggregate that waits, with what is in it.

use axum::Json;
use axum::extract::{Path, State};
use chimera_kit::auth::{Caller, READ_PROJECTIONS};
use chimera_kit::problem::Problem;
use chimera_worker::{Shown, ShownEvent};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Projections, problem};

/// More of an aggregate are not shown.
const MOST: usize = 1_000;

/// The events of an aggregate that wait, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingEvents {
    items: Vec<WaitingEvent>,
}

/// An event that waits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WaitingEvent {
    stream: String,
    partition: u32,
    sequence: u64,
    event_type: String,
    /// UNDECODABLE, REJECTED, or WAITING behind another.
    class: &'static str,
    error: String,
    attempts: u32,
    first_seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_tried: Option<String>,
    /// The event, if it can be decoded now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    event: Option<serde_json::Value>,
    /// What its bytes say, if it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<RawEvent>,
}

/// An event that cannot be decoded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawEvent {
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_id: Option<u32>,
    reason: String,
}

/// The events of an aggregate that wait
///
/// With all that is in them, which may be personal data. Needs the scope `read:projections`.
#[utoipa::path(
    get, path = "/admin/dead-letters/{model}/{key}", tag = "admin",
    params(
        ("model" = String, Path, description = "The read model."),
        ("key" = String, Path, description = "The aggregate's id."),
    ),
    responses(
        (status = 200, body = WaitingEvents, description = "In order, the first thousand."),
        (status = 404, description = "`dead_letter.not_found`, `read_model.not_found`"),
    )
)]
pub(crate) async fn show(
    State(state): State<Projections>,
    caller: Caller,
    Path((model, key)): Path<(String, String)>,
) -> Result<Json<WaitingEvents>, Problem> {
    caller.must_have(READ_PROJECTIONS)?;
    let (model, view) = state.one(&model)?;
    let found = state.feeder.dead_letters().show(model, view, &key, MOST).await;
    let found = found.map_err(|error| problem(&error))?;
    Ok(Json(WaitingEvents { items: found.into_iter().map(shown).collect() }))
}

fn shown(one: Shown) -> WaitingEvent {
    let Shown { partition, letter, event } = one;
    let (event, raw) = match event {
        ShownEvent::Decoded { content, .. } => (Some(content), None),
        ShownEvent::Raw { bytes, schema_id, reason } => {
            (None, Some(RawEvent { bytes, schema_id, reason }))
        }
    };
    WaitingEvent {
        stream: partition.stream.to_string(),
        partition: partition.index,
        sequence: letter.sequence,
        event_type: letter.event_type,
        class: letter.class.name(),
        error: letter.error,
        attempts: letter.attempts,
        first_seen: letter.first_seen.to_string(),
        last_tried: letter.last_tried.map(|time| time.to_string()),
        event,
        raw,
    }
}
