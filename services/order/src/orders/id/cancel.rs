//! POST `/orders/{id}/cancel`.

use axum::extract::State;
use chimera_domain::ids::OrderId;
use chimera_domain::order::{Asker, CancelReason, Command};
use chimera_kit::asked::Asked;
use chimera_kit::params::Id;
use chimera_kit::problem::Problem;
use serde::Deserialize;

use super::{OrderChanged, Stands};
use crate::{Orders, asker};

/// No body is needed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Canceling {}

/// Give an order up
///
/// A customer may cancel own orders while they are PENDING; staff with `write:orders` also PAID ones, which are refunded.
#[utoipa::path(
    post, path = "/orders/{id}/cancel", tag = "orders",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, body = OrderChanged, description = "It is canceled; stock and money go back."),
        (status = 403, description = "`order.not_yours`, `order.staff_only`"),
        (status = 404, description = "`order.not_found`"),
        (status = 409, description = "`order.wrong_status`"),
    )
)]
pub(crate) async fn cancel(
    State(orders): State<Orders>,
    Id(order): Id<OrderId>,
    asked: Asked<Canceling>,
) -> Result<Stands, Problem> {
    let (_, asked) = asked.split();
    orders.cancel(&order, &asked).await
}

impl Orders {
    /// Gives an order up.
    pub(crate) async fn cancel(
        &self,
        order: &OrderId,
        asked: &Asked<()>,
    ) -> Result<Stands, Problem> {
        let by = asker(&asked.caller)?;
        let reason = match by {
            Asker::Customer(_) => CancelReason::Customer,
            Asker::Staff | Asker::Shop => CancelReason::Staff,
        };
        let command = Command::Cancel { by, reason, short_lines: vec![] };
        self.change(order, asked, command).await
    }
}
