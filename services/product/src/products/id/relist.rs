//! POST `/products/{id}/relist`.

use axum::extract::State;
use chimera_domain::ids::ProductId;
use chimera_domain::product::{Command, Product};
use chimera_engine::Receipt;
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
    let (_, asked) = asked.split();
    let receipt = products.relist(&product, &asked).await?;
    Ok(changed(&product, &receipt))
}

impl Products {
    /// Puts a discontinued product back into sale.
    pub(crate) async fn relist(
        &self,
        product: &ProductId,
        asked: &Asked<()>,
    ) -> Result<Receipt<Product>, Problem> {
        asked.caller.must_have(WRITE_PRODUCTS)?;
        self.execute(product, asked, Command::Relist).await
    }
}
