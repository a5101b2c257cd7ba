//! GET `/orders/{id}/events`: what happened, from the log itself.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use chimera_domain::aggregate::{Aggregate, DomainEvent};
use chimera_domain::ids::OrderId;
use chimera_domain::order::{Event, Order};
use chimera_domain::recorded::Recorded;
use chimera_engine::{Current, Position};
use chimera_kit::auth::{Caller, READ_ORDERS};
use chimera_kit::params::Id;
use chimera_kit::position::Applied;
use chimera_kit::problem::Problem;
use chimera_model::order_details::{MODEL, ORDER_TIMELINE};
use chimera_query::{Cells, time_text};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::not_found;
use crate::Orders;
use crate::body::from_order;
use crate::history::is_complete;
use crate::problems::problem;

/// How long the timeline is given to catch up before the partition is read from its beginning.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// The events of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderEvents {
    /// In order; their versions have no gap.
    items: Vec<EventBody>,
}

/// An event as it stands in the log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub(crate) struct EventBody {
    pub event_id: String,
    #[schema(example = "ecommerce.order.order.created.v1")]
    pub event_type: String,
    pub occurred_at: String,
    pub recorded_at: String,
    pub version: u64,
    /// <stream>/<partition>/<sequence>.
    #[schema(example = "ecommerce.order.order/2/117")]
    pub position: String,
    pub correlation_id: String,
    pub causation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What it says; times are microseconds since 1970, payment tokens are hidden.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// What happened to an order, from the log
#[utoipa::path(
    get, path = "/orders/{id}/events", tag = "orders",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, body = OrderEvents, description = "All its events."),
        (status = 404, description = "`order.not_found`"),
    )
)]
pub(crate) async fn events(
    State(orders): State<Orders>,
    Id(order): Id<OrderId>,
    caller: Caller,
) -> Result<Json<OrderEvents>, Problem> {
    let key = order.as_key();
    let current = orders.commands.read(key).await.map_err(problem)?;
    let now = from_order(key, &current.state, current.version).ok_or_else(not_found)?;
    caller.must_be(&now.customer_id, READ_ORDERS)?;
    let events = orders.told(&order, &current).await?;
    Ok(Json(OrderEvents { items: events.iter().map(body).collect() }))
}

impl Orders {
    /// All events of an order that stands as `current`. The timeline, which says where they are, is given a moment to catch up.
    pub(crate) async fn told(
        &self,
        order: &OrderId,
        current: &Current<Order>,
    ) -> Result<Vec<Recorded<Event>>, Problem> {
        let Current { version, position, .. } = current;
        let index = || index(self, order);
        let known = complete_if_possible(index, *version, &*self.reads.applied, position).await;
        let partition = &position.partition;
        Ok(self.history.events(partition, order.as_key(), *version, &known).await?)
    }
}

/// The index, read again after a moment where it does not know all `version` places yet.
async fn complete_if_possible<R, F>(
    index: R,
    version: u64,
    applied: &dyn Applied,
    position: &Position,
) -> BTreeMap<u64, u64>
where
    R: Fn() -> F + Send + Sync,
    F: Future<Output = Result<BTreeMap<u64, u64>, Problem>> + Send,
{
    let known = index().await.unwrap_or_default();
    if is_complete(&known, version) || !applied.wait_until(MODEL.name, position, LONGEST_WAIT).await
    {
        return known;
    }
    index().await.unwrap_or_default()
}

/// Where the events stand, by version, as far as the timeline knows.
async fn index(orders: &Orders, order: &OrderId) -> Result<BTreeMap<u64, u64>, Problem> {
    let key = [order.as_key().as_ref().into()];
    let mut index = BTreeMap::new();
    for row in orders.reads.all(&MODEL, &ORDER_TIMELINE, &key).await? {
        let cells = Cells(&row);
        if cells.key_text(2) == Order::STREAM {
            let sequence = cells.integer("sequence").unwrap_or_default();
            index.insert(cells.key_integer(3).unsigned_abs(), sequence.unsigned_abs());
        }
    }
    Ok(index)
}

/// An event as answers show it.
pub(crate) fn body(recorded: &Recorded<Event>) -> EventBody {
    let meta = &recorded.meta;
    EventBody {
        event_id: uuid(meta.event_id),
        event_type: recorded.event.event_type().to_owned(),
        occurred_at: time_text(meta.occurred_at),
        recorded_at: time_text(meta.recorded_at),
        version: meta.aggregate_version,
        position: format!("{}/{}/{}", Order::STREAM, recorded.partition, meta.sequence),
        correlation_id: meta.correlation_id.to_string(),
        causation_id: meta.causation_id.to_string(),
        trace_id: meta.trace_id.as_deref().map(str::to_owned),
        actor: meta.actor.as_deref().map(str::to_owned),
        data: data(&recorded.event),
    }
}

/// The usual text of a UUID.
fn uuid(id: u128) -> String {
    let hex = format!("{id:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// What the event says, without the name of its kind around it and without a token in it.
fn data(event: &Event) -> Value {
    let said = match serde_json::to_value(event) {
        Ok(Value::Object(named)) => named.into_iter().next().map(|(_, said)| said),
        Ok(_) | Err(_) => None,
    };
    let mut said = said.unwrap_or_default();
    if let Some(token) = said.get_mut("token") {
        *token = "***".into();
    }
    said
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;

    use super::*;

    /// A timeline that catches up when somebody waits for it, or does not.
    struct Timeline {
        catches_up: bool,
        caught_up: AtomicBool,
    }

    #[async_trait]
    impl Applied for Timeline {
        async fn wait_until(&self, _: &'static str, _: &Position, longest: Duration) -> bool {
            assert!(longest <= Duration::from_millis(500));
            self.caught_up.store(self.catches_up, Ordering::Relaxed);
            self.catches_up
        }
    }

    async fn known(catches_up: bool) -> BTreeMap<u64, u64> {
        let timeline = Timeline { catches_up, caught_up: AtomicBool::new(false) };
        let index = || async {
            let places = if timeline.caught_up.load(Ordering::Relaxed) { 2 } else { 1 };
            Ok((1..=places).map(|version| (version, version)).collect())
        };
        let position = "s/0/2".parse().unwrap();
        complete_if_possible(index, 2, &timeline, &position).await
    }

    #[tokio::test]
    async fn a_timeline_that_is_a_moment_behind_is_waited_for() {
        assert!(is_complete(&known(true).await, 2));
        assert!(!is_complete(&known(false).await, 2));
    }
}
