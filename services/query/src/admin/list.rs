//! GET `/admin/dead-letters`: the aggregates that wait because an event of theirs could not be applied.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chimera_kit::auth::{Caller, READ_PROJECTIONS};
use chimera_kit::cursor::{self, Page};
use chimera_kit::params::Params;
use chimera_kit::problem::Problem;
use chimera_worker::ParkedAggregate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Projections, problem};

/// Of which read model, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listing {
    /// Without it, of all.
    #[param(example = "order_details")]
    model: Option<String>,
    /// How many, 1–100; without it, 20.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// An aggregate that waits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WaitingAggregate {
    model: &'static str,
    /// The aggregate's id.
    key: String,
    stream: String,
    partition: u32,
    /// The first event that waits.
    sequence: u64,
    event_type: String,
    /// UNDECODABLE, REJECTED, or WAITING where what was before it has been dropped.
    class: &'static str,
    error: String,
    attempts: u32,
    first_seen: String,
    /// How many of its events wait.
    events: u64,
}

/// The aggregates that wait because an event of theirs could not be applied
///
/// Of the live generations; needs the scope `read:projections`.
#[utoipa::path(
    get, path = "/admin/dead-letters", tag = "admin", params(Listing),
    responses((status = 200, body = Page<WaitingAggregate>, description = "A page of them."))
)]
pub(crate) async fn list(
    State(state): State<Projections>,
    caller: Caller,
    Params(asked): Params<Listing>,
) -> Result<Json<Page<WaitingAggregate>>, Problem> {
    caller.must_have(READ_PROJECTIONS)?;
    let name = format!("dead letters of {}", asked.model.as_deref().unwrap_or("all"));
    let limit = cursor::limit(asked.limit)?;
    let after = asked.cursor.map(|text| cursor::open(&name, &text)).transpose()?;
    let after = after.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let items = state.waiting(asked.model.as_deref(), after.as_deref(), limit).await?;
    Ok(Json(page(items, limit, &name)))
}

impl Projections {
    /// What stands behind `after` in the order of model, stream, partition and sequence; at least one more than `limit`, if there
    /// are so many.
    async fn waiting(
        &self,
        name: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, WaitingAggregate)>, Problem> {
        let letters = self.feeder.dead_letters();
        let mut places = BTreeMap::new();
        for (model, view) in self.live(name)? {
            for partition in letters.partitions(model).map_err(|error| problem(&error))? {
                let place = format!("{}/{}/{:010}", model.name, partition.stream, partition.index);
                places.insert(place, (view, partition));
            }
        }
        let mut items = Vec::new();
        for (place, (view, partition)) in places {
            let last = format!("{place}/{:020}", u64::MAX);
            if items.len() > limit || after.is_some_and(|after| *after >= *last) {
                continue;
            }
            let found = letters.aggregates(view, &partition).await;
            for one in found.map_err(|error| problem(&error))? {
                let place = format!("{place}/{:020}", one.first.sequence);
                if after.is_none_or(|after| *place > *after) {
                    items.push((place, shown(view.model, one)));
                }
            }
        }
        Ok(items)
    }
}

fn page(
    mut items: Vec<(String, WaitingAggregate)>,
    limit: usize,
    list: &str,
) -> Page<WaitingAggregate> {
    let more = items.len() > limit;
    items.truncate(limit);
    let end = items.last().filter(|_| more).map(|(place, _)| place.clone());
    let next = end.map(|place| cursor::seal(list, place.as_bytes()));
    Page { items: items.into_iter().map(|(_, item)| item).collect(), next }
}

fn shown(model: &'static str, one: ParkedAggregate) -> WaitingAggregate {
    let ParkedAggregate { partition, first, events } = one;
    WaitingAggregate {
        model,
        key: first.key,
        stream: partition.stream.to_string(),
        partition: partition.index,
        sequence: first.sequence,
        event_type: first.event_type,
        class: first.class.name(),
        error: first.error,
        attempts: first.attempts,
        first_seen: first.first_seen.to_string(),
        events,
    }
}
