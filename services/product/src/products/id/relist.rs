//! POST `/products/{id}/relist`.

use axum::extract::State;
use chimera_domain::ids::ProductId;
use chimera_domain::product::Command;
use chimera_engine::Request;
use chimera_kit::asked::Asked;
use chimera_kit::auth::WRITE_PRODUCTS;
use chimera_kit::params::Id;
use chimera_kit::problem::Problem;
use serde::Deserialize;

use crate::Products;
use crate::body::{Changed, ProductChanged, changed};

/// No body is needed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Relisting {}

/// Put a discontinued product back into sale
#[utoipa::path(
    post, path = "/products/{id}/relist", tag = "products",
    params(("id" = String, Path, description = "The SKU.", example = "9780135957059")),
    responses(
        (status = 200, body = ProductChanged, description = "It can be ordered again."),
        (status = 404, description = "`product.not_found`"),
    )
)]
pub(crate) async fn relist(
    State(products): State<Products>,
    Id(product): Id<ProductId>,
    asked: Asked<Relisting>,
) -> Result<Changed, Problem> {
    asked.caller.must_have(WRITE_PRODUCTS)?;
    let (id, origin) = (asked.command_id(), asked.origin());
    let request = Request { key: product.as_key().clone(), command: Command::Relist, id, origin };
    changed(product.as_key(), products.commands.execute(request).await)
}
