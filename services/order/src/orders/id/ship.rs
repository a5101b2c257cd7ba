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

use super::{Changed, OrderChanged};
use crate::Orders;
use crate::problems::optional;

/// Who carries it; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Shipping {
    #[schema(example = "Royal Mail")]
    carrier: Option<String>,
    #[schema(example = "QK123456785GB")]
    tracking_number: Option<String>,
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
    mut asked: Asked<Shipping>,
) -> Result<Changed, Problem> {
    asked.caller.must_have(WRITE_ORDERS)?;
    let Shipping { carrier, tracking_number } = std::mem::take(&mut asked.body);
    let carrier = optional("carrier", carrier, 100)?;
    let tracking_number = optional("trackingNumber", tracking_number, 100)?;
    let command = Command::Ship { carrier, tracking_number };
    orders.change(&order, &asked, command).await
}
