//! POST `/orders/{id}/deliver`.

use axum::extract::State;
use chimera_domain::ids::OrderId;
use chimera_domain::order::Command;
use chimera_kit::asked::Asked;
use chimera_kit::auth::WRITE_ORDERS;
use chimera_kit::params::Id;
use chimera_kit::problem::Problem;
use serde::Deserialize;

use super::{OrderChanged, Stands};
use crate::Orders;

/// No body is needed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delivering {}

/// A shipped order has arrived
#[utoipa::path(
    post, path = "/orders/{id}/deliver", tag = "orders",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, body = OrderChanged, description = "It is fulfilled."),
        (status = 404, description = "`order.not_found`"),
        (status = 409, description = "`order.wrong_status`"),
    )
)]
pub(crate) async fn deliver(
    State(orders): State<Orders>,
    Id(order): Id<OrderId>,
    asked: Asked<Delivering>,
) -> Result<Stands, Problem> {
    let (_, asked) = asked.split();
    orders.deliver(&order, &asked).await
}

impl Orders {
    /// A shipped order has arrived.
    pub(crate) async fn deliver(
        &self,
        order: &OrderId,
        asked: &Asked<()>,
    ) -> Result<Stands, Problem> {
        asked.caller.must_have(WRITE_ORDERS)?;
        self.change(order, asked, Command::Deliver).await
    }
}
