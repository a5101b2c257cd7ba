//! POST `/admin/dead-letters/…/retry` and `…/drop`: requests that whoever feeds the partition carries out.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chimera_kit::asked::Asked;
use chimera_kit::auth::WRITE_PROJECTIONS;
use chimera_kit::codes;
use chimera_kit::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Projections, problem};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// No body is needed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retrying {}

/// Of which read model.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryingAll {
    /// Without it, of all.
    model: Option<String>,
}

/// What to give up, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dropping {
    /// Why; kept in the audit.
    #[schema(example = "a test order")]
    reason: String,
    /// All events of the aggregate that wait now; otherwise only the first.
    #[serde(default)]
    all: bool,
}

/// A request that will be carried out within a second or so.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// How many events (or, of everything, aggregates) it is about.
    about: u64,
}

type Answer = Result<(StatusCode, Json<Accepted>), Problem>;

/// Try an aggregate again
///
/// Its events are applied in order, as far as it goes; what fails again waits on. Needs the scope `write:projections`.
#[utoipa::path(
    post, path = "/admin/dead-letters/{model}/{key}/retry", tag = "admin",
    params(
        ("model" = String, Path, description = "The read model."),
        ("key" = String, Path, description = "The aggregate's id."),
    ),
    responses(
        (status = 202, body = Accepted, description = "It will be tried."),
        (status = 404, description = "`dead_letter.not_found`, `read_model.not_found`"),
    )
)]
pub(crate) async fn retry(
    State(state): State<Projections>,
    Path((model, key)): Path<(String, String)>,
    asked: Asked<Retrying>,
) -> Answer {
    asked.caller.must_have(WRITE_PROJECTIONS)?;
    let (model, view) = state.one(&model)?;
    let letters = state.feeder.dead_letters();
    accepted(letters.retry(model, view, &key, &asked.caller.subject).await)
}

/// Try everything again
///
/// Of one read model, or of all. Needs the scope `write:projections`.
#[utoipa::path(
    post, path = "/admin/dead-letters/retry", tag = "admin", request_body = RetryingAll,
    responses(
        (status = 202, body = Accepted, description = "It will be tried."),
        (status = 404, description = "`read_model.not_found`"),
    )
)]
pub(crate) async fn retry_all(
    State(state): State<Projections>,
    asked: Asked<RetryingAll>,
) -> Answer {
    asked.caller.must_have(WRITE_PROJECTIONS)?;
    let (letters, mut about) = (state.feeder.dead_letters(), 0);
    for (model, view) in state.live(asked.body.model.as_deref())? {
        let waiting = letters.retry_all(model, view, &asked.caller.subject).await;
        about += waiting.map_err(|error| problem(&error))?;
    }
    accepted(Ok(about))
}

/// Give events up
///
/// They are never applied to this generation. What else waits of the aggregate waits until it is tried again. Needs the scope
/// `write:projections`.
#[utoipa::path(
    post, path = "/admin/dead-letters/{model}/{key}/drop", tag = "admin", request_body = Dropping,
    params(
        ("model" = String, Path, description = "The read model."),
        ("key" = String, Path, description = "The aggregate's id."),
    ),
    responses(
        (status = 202, body = Accepted, description = "They will be dropped."),
        (status = 404, description = "`dead_letter.not_found`, `read_model.not_found`"),
        (status = 422, description = "`request.invalid`"),
    )
)]
pub(crate) async fn drop_events(
    State(state): State<Projections>,
    Path((model, key)): Path<(String, String)>,
    asked: Asked<Dropping>,
) -> Answer {
    asked.caller.must_have(WRITE_PROJECTIONS)?;
    let Dropping { reason, all } = &asked.body;
    if reason.trim().is_empty() || reason.chars().count() > LONGEST_REASON {
        let detail = format!("say why, in 1 to {LONGEST_REASON} characters");
        return Err(Problem::new(codes::REQUEST_INVALID, detail).at("reason"));
    }
    let (model, view) = state.one(&model)?;
    let by = (&*asked.caller.subject, &**reason);
    accepted(state.feeder.dead_letters().drop_events((model, view), &key, *all, by).await)
}

fn accepted(asked: Result<u64, chimera_worker::AskError>) -> Answer {
    let about = asked.map_err(|error| problem(&error))?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { about })))
}
