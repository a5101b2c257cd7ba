//! GET `/orders/{id}/timeline`: what happened to the order and its payments, for people.

use axum::Json;
use axum::extract::State;
use chimera_domain::ids::OrderId;
use chimera_kit::auth::Caller;
use chimera_kit::params::Id;
use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_model::Row;
use chimera_model::order_details::{MODEL, ORDER_TIMELINE};
use chimera_query::Cells;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::Orders;

/// What happened, in the order of business time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Timeline {
    items: Vec<Moment>,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Moment {
    occurred_at: String,
    #[schema(example = "ecommerce.order.order.paid.v1")]
    event_type: String,
    event_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// Status, payment, amount, reason and the like, as far as the event knows them.
    #[schema(value_type = Object, example = json!({"status": "PAID", "paymentId": "o-k7c2m5qhtz3xw8v4n6p9rbsdfa-1"}))]
    summary: Value,
}

/// What happened to an order and its payments
#[utoipa::path(
    get, path = "/orders/{id}/timeline", tag = "orders",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, body = Timeline, description = "From the first to the last."),
        (status = 404, description = "`order.not_found`"),
    )
)]
pub(crate) async fn timeline(
    State(orders): State<Orders>,
    Id(order): Id<OrderId>,
    caller: Caller,
    after: After,
) -> Result<Json<Timeline>, Problem> {
    orders.reads.caught_up(&after, &[&MODEL]).await?;
    orders.visible(&order, &caller).await?;
    let key = [order.as_key().as_ref().into()];
    let rows = orders.reads.all(&MODEL, &ORDER_TIMELINE, &key).await?;
    Ok(Json(Timeline { items: rows.iter().filter_map(moment).collect() }))
}

fn moment(row: &Row) -> Option<Moment> {
    let cells = Cells(row);
    Some(Moment {
        occurred_at: cells.key_time(1),
        event_type: cells.text("event_type")?,
        event_id: cells.text("event_id")?,
        actor: cells.text("actor"),
        summary: cells.json("summary").unwrap_or_default(),
    })
}
