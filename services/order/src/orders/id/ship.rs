//! POST `/orders/{id}/ship`.

use axum::extract::State;
use chimera_domain::ids::OrderId;
use chimera_domain::order::Command;
use chimera_kit::asked::Asked;
use chimera_kit::auth::WRITE_ORDERS;
use chimera_kit::params::Id;
use chimera_kit::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{OrderChanged, Stands};
use crate::Orders;
use crate::problems::optional;

/// Who carries it; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Shipping {
    #[schema(example = "Royal Mail")]
    pub carrier: Option<String>,
    #[schema(example = "QK123456785GB")]
    pub tracking_number: Option<String>,
}

/// A paid order leaves the building
#[utoipa::path(
    post, path = "/orders/{id}/ship", tag = "orders", request_body = Option<Shipping>,
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, body = OrderChanged, description = "It is on its way; its stock has left."),
        (status = 404, description = "`order.not_found`"),
        (status = 409, description = "`order.wrong_status`"),
    )
)]
pub(crate) async fn ship(
    State(orders): State<Orders>,
    Id(order): Id<OrderId>,
    asked: Asked<Shipping>,
) -> Result<Stands, Problem> {
    orders.ship(&order, asked).await
}

impl Orders {
    /// A paid order leaves the building.
    pub(crate) async fn ship(
        &self,
        order: &OrderId,
        asked: Asked<Shipping>,
    ) -> Result<Stands, Problem> {
        asked.caller.must_have(WRITE_ORDERS)?;
        let (Shipping { carrier, tracking_number }, asked) = asked.split();
        let carrier = optional("carrier", carrier, 100)?;
        let tracking_number = optional("trackingNumber", tracking_number, 100)?;
        let command = Command::Ship { carrier, tracking_number };
        self.change(order, &asked, command).await
    }
}
