//! PUT `/products/{id}/price`.

use axum::extract::State;
use chimera_domain::ids::ProductId;
use chimera_domain::product::{Command, Product};
use chimera_engine::Receipt;
use chimera_kit::asked::Asked;
use chimera_kit::auth::WRITE_PRODUCTS;
use chimera_kit::money::MoneyBody;
use chimera_kit::params::Id;
use chimera_kit::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Products;
use crate::body::{Changed, ProductChanged, changed};

/// Another price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPrice {
    /// In the currency of the product.
    pub price: MoneyBody,
    /// For the price history.
    #[serde(default)]
    #[schema(example = "winter sale")]
    pub reason: Option<String>,
}

/// Give a product another price from now on
#[utoipa::path(
    put, path = "/products/{id}/price", tag = "products", request_body = NewPrice,
    params(("id" = String, Path, description = "The SKU.", example = "9780135957059")),
    responses(
        (status = 200, body = ProductChanged, description = "The price holds; the old one is in the history."),
        (status = 404, description = "`product.not_found`"),
        (status = 409, description = "`product.discontinued`, `product.other_currency`, `product.price_out_of_order`"),
        (status = 422, description = "`product.negative_price`"),
    )
)]
pub(crate) async fn change_price(
    State(products): State<Products>,
    Id(product): Id<ProductId>,
    asked: Asked<NewPrice>,
) -> Result<Changed, Problem> {
    let receipt = products.change_price(&product, asked).await?;
    Ok(changed(&product, &receipt))
}

impl Products {
    /// Gives a product another price from now on.
    pub(crate) async fn change_price(
        &self,
        product: &ProductId,
        asked: Asked<NewPrice>,
    ) -> Result<Receipt<Product>, Problem> {
        asked.caller.must_have(WRITE_PRODUCTS)?;
        let (NewPrice { price, reason }, asked) = asked.split();
        let command = Command::ChangePrice { price: price.into(), reason };
        self.execute(product, &asked, command).await
    }
}
