//! GET `/orders/{id}`: as it stands by the read model, or with `at` as it stood by the log.

use axum::Json;
use axum::extract::State;
use chimera_domain::ids::OrderId;
use chimera_kit::auth::{Caller, READ_ORDERS};
use chimera_kit::codes;
use chimera_kit::params::{Id, Params};
use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_model::order_details::{MODEL, ORDER_LINES};
use serde::Deserialize;
use utoipa::IntoParams;

use super::not_found;
use crate::Orders;
use crate::body::{OrderBody, from_order, from_rows};
use crate::history::{At, as_it_was};
use crate::problems::problem;

/// When.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Point {
    /// As it was: after so many events (`3`), or at a time (`2026-11-21T10:00:00Z`).
    #[param(example = "1")]
    at: Option<String>,
}

/// One order, now or as it was
#[utoipa::path(
    get, path = "/orders/{id}", tag = "orders",
    params(Point, ("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, body = OrderBody, description = "The order."),
        (status = 404, description = "`order.not_found`, `history.before_beginning`"),
    )
)]
pub(crate) async fn get(
    State(orders): State<Orders>,
    Id(order): Id<OrderId>,
    caller: Caller,
    Params(point): Params<Point>,
    after: After,
) -> Result<Json<OrderBody>, Problem> {
    if let Some(at) = point.at {
        return orders.as_it_was(&order, &caller, at.parse()?).await.map(Json);
    }
    orders.as_it_is(&order, &caller, &after).await.map(Json)
}

impl Orders {
    /// An order by the read model, which is not behind `after`.
    pub(crate) async fn as_it_is(
        &self,
        order: &OrderId,
        caller: &Caller,
        after: &After,
    ) -> Result<OrderBody, Problem> {
        self.reads.caught_up(after, &[&MODEL]).await?;
        // Head and lines are of one generation, whatever is promoted in between.
        let pinned = Self { reads: self.reads.pinned(), ..self.clone() };
        let row = pinned.visible(order, caller).await?;
        let key = [order.as_key().as_ref().into()];
        let lines = pinned.reads.all(&MODEL, &ORDER_LINES, &key).await?;
        from_rows(&row, &lines).ok_or_else(not_found)
    }

    /// An order by the log, as it was.
    pub(crate) async fn as_it_was(
        &self,
        order: &OrderId,
        caller: &Caller,
        at: At,
    ) -> Result<OrderBody, Problem> {
        let key = order.as_key();
        let current = self.commands.read(key).await.map_err(problem)?;
        let now = from_order(key, &current.state, current.version).ok_or_else(not_found)?;
        caller.must_be(&now.customer_id, READ_ORDERS)?;
        if matches!(at, At::Version(version) if version > current.version) {
            let detail = format!("the order has {} versions so far", current.version);
            return Err(Problem::new(codes::REQUEST_BAD_PARAMETER, detail).at("at"));
        }
        let events = self.told(order, &current).await?;
        let (was, version) = as_it_was(&events, at).ok_or_else(before_beginning)?;
        from_order(key, &was, version).ok_or_else(before_beginning)
    }
}

fn before_beginning() -> Problem {
    Problem::new(codes::HISTORY_BEFORE_BEGINNING, "the order had not been placed yet")
}
