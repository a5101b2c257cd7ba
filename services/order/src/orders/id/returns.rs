//! POST `/orders/{id}/returns`.

use axum::extract::State;
use chimera_domain::ids::OrderId;
use chimera_domain::order::Command;
use chimera_kit::asked::{Asked, Keyed};
use chimera_kit::params::Id;
use chimera_kit::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{OrderChanged, Stands};
use crate::problems::text;
use crate::{Orders, asker};

pub(crate) mod decision;

/// Why it shall go back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Returning {
    /// 1–500 characters.
    #[schema(example = "the cover is damaged")]
    pub reason: String,
}

/// Ask to send a delivered order back
#[utoipa::path(
    post, path = "/orders/{id}/returns", tag = "orders", request_body = Returning,
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, body = OrderChanged, description = "The shop will decide."),
        (status = 403, description = "`order.not_yours`"),
        (status = 404, description = "`order.not_found`"),
        (status = 409, description = "`order.wrong_status`"),
    )
)]
pub(crate) async fn request_return(
    State(orders): State<Orders>,
    Id(order): Id<OrderId>,
    Keyed(asked): Keyed<Returning>,
) -> Result<Stands, Problem> {
    orders.request_return(&order, asked).await
}

impl Orders {
    /// Asks to send a delivered order back.
    pub(crate) async fn request_return(
        &self,
        order: &OrderId,
        asked: Asked<Returning>,
    ) -> Result<Stands, Problem> {
        let (Returning { reason }, asked) = asked.split();
        let reason = text("reason", reason, 500)?;
        let by = asker(&asked.caller)?;
        self.change(order, &asked, Command::RequestReturn { by, reason }).await
    }
}
