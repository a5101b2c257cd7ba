//! POST `/products`.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use chimera_domain::ids::ProductId;
use chimera_domain::product::{Command, Product};
use chimera_engine::Receipt;
use chimera_kit::asked::{Asked, Keyed};
use chimera_kit::auth::WRITE_PRODUCTS;
use chimera_kit::codes;
use chimera_kit::money::MoneyBody;
use chimera_kit::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Products;
use crate::body::{Changed, DetailsBody, ProductChanged, changed};

/// A product for the catalogue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewProduct {
    /// The SKU: 1–64 of `A-Z a-z 0-9 . _ -`.
    #[schema(example = "9780135957059")]
    pub product_id: String,
    /// What it is.
    pub details: DetailsBody,
    /// What one costs.
    pub price: MoneyBody,
    /// False for what has no stock: postage, fees, vouchers.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub stock_tracked: bool,
}

fn yes() -> bool {
    true
}

/// Put a product into the catalogue
#[utoipa::path(
    post, path = "/products", tag = "products", request_body = NewProduct,
    responses(
        (status = 201, body = ProductChanged, description = "It is in the catalogue; Location says where."),
        (status = 409, description = "`product.already_exists`"),
        (status = 422, description = "`product.invalid`, `product.negative_price`"),
    )
)]
pub(crate) async fn create(
    State(products): State<Products>,
    Keyed(asked): Keyed<NewProduct>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Changed), Problem> {
    let (product, receipt) = products.create(asked).await?;
    let location = format!("/api/v1/products/{product}");
    let done = changed(&product, &receipt);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], done))
}

impl Products {
    /// Puts a product into the catalogue.
    pub(crate) async fn create(
        &self,
        asked: Asked<NewProduct>,
    ) -> Result<(ProductId, Receipt<Product>), Problem> {
        asked.caller.must_have(WRITE_PRODUCTS)?;
        let (new, asked) = asked.split();
        let NewProduct { product_id, details, price, stock_tracked } = new;
        let product = ProductId::try_from(product_id.as_str()).map_err(|wrong| {
            Problem::new(codes::PRODUCT_INVALID, wrong.to_string()).at("productId")
        })?;
        let details = details.checked().map_err(within_details)?;
        let command = Command::Create { details, price: price.into(), stock_tracked };
        let receipt = self.execute(&product, &asked, command).await?;
        Ok((product, receipt))
    }
}

/// Says where in a product's details it went wrong.
pub(crate) fn within_details(problem: Problem) -> Problem {
    let field = problem.field().map(|field| format!("details.{field}"));
    match field {
        Some(field) => problem.at(field),
        None => problem,
    }
}
