//! DELETE `/products/{id}`: discontinues it; nothing is deleted.

use axum::extract::State;
use chimera_domain::ids::ProductId;
use chimera_domain::product::{Command, Product};
use chimera_engine::Receipt;
use chimera_kit::asked::Asked;
use chimera_kit::auth::WRITE_PRODUCTS;
use chimera_kit::params::Id;
use chimera_kit::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Products;
use crate::body::{Changed, ProductChanged, changed};

/// Why; the body may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Discontinuing {
    #[schema(example = "out of print")]
    pub reason: Option<String>,
}

/// Take a product out of sale; its history stays
#[utoipa::path(
    delete, path = "/products/{id}", tag = "products", request_body = Option<Discontinuing>,
    params(("id" = String, Path, description = "The SKU.", example = "9780135957059")),
    responses(
        (status = 200, body = ProductChanged, description = "It takes no new orders."),
        (status = 404, description = "`product.not_found`"),
    )
)]
pub(crate) async fn discontinue(
    State(products): State<Products>,
    Id(product): Id<ProductId>,
    asked: Asked<Discontinuing>,
) -> Result<Changed, Problem> {
    let receipt = products.discontinue(&product, asked).await?;
    Ok(changed(&product, &receipt))
}

impl Products {
    /// Takes a product out of sale.
    pub(crate) async fn discontinue(
        &self,
        product: &ProductId,
        asked: Asked<Discontinuing>,
    ) -> Result<Receipt<Product>, Problem> {
        asked.caller.must_have(WRITE_PRODUCTS)?;
        let (Discontinuing { reason }, asked) = asked.split();
        self.execute(product, &asked, Command::Discontinue { reason }).await
    }
}
