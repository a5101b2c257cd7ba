//! GET `/products/{id}`.

use axum::Json;
use axum::extract::State;
use chimera_domain::aggregate::Refusal;
use chimera_domain::ids::ProductId;
use chimera_domain::product::{Details, Rejection};
use chimera_kit::params::Id;
use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_model::inventory_snapshot::StockBalance;
use chimera_model::product_cache::{Birth, Described, Listing, MODEL, PRODUCT, Price};
use chimera_query::{KvValue, part, time_text};

use crate::Products;
use crate::body::{DetailsBody, ProductBody, StockBody};

/// One product, with its price and stock
#[utoipa::path(
    get, path = "/products/{id}", tag = "products",
    params(("id" = String, Path, description = "The SKU.", example = "9780135957059")),
    responses(
        (status = 200, body = ProductBody, description = "The product."),
        (status = 404, description = "`product.not_found`"),
    )
)]
pub(crate) async fn get(
    State(products): State<Products>,
    Id(product): Id<ProductId>,
    after: After,
) -> Result<Json<ProductBody>, Problem> {
    products.product(&product, &after).await.map(Json)
}

impl Products {
    /// One product by the read model, which is not behind `after`.
    pub(crate) async fn product(
        &self,
        product: &ProductId,
        after: &After,
    ) -> Result<ProductBody, Problem> {
        self.reads.caught_up(after, &[&MODEL]).await?;
        let value = self.reads.value(&MODEL, &PRODUCT, product.as_key()).await?;
        value.and_then(|value| body(product, &value)).ok_or_else(not_found)
    }
}

pub(crate) fn not_found() -> Problem {
    debug_assert_eq!(Rejection::NotFound.code(), "product.not_found");
    Problem::refused(&Rejection::NotFound)
}

fn body(product: &ProductId, value: &KvValue) -> Option<ProductBody> {
    let birth: Birth = part(value, "product")?;
    let details: Described<Details> = part(value, "details")?;
    let price: Price = part(value, "price")?;
    let listing: Listing = part(value, "listing")?;
    let stock: Option<StockBalance> = part(value, "stock");
    let updated = details.updated_at.max(price.valid_from).max(listing.updated_at);
    Some(ProductBody {
        product_id: product.to_string(),
        details: DetailsBody::from(details.details),
        price: price.price.into(),
        price_valid_from: time_text(price.valid_from),
        stock_tracked: birth.stock_tracked,
        discontinued: listing.discontinued,
        discontinued_reason: listing.reason,
        created_at: time_text(birth.created_at),
        updated_at: time_text(updated),
        version: details.version.max(price.version).max(listing.version),
        stock: stock.map(|stock| StockBody {
            on_hand: stock.on_hand,
            reserved: stock.reserved,
            available: stock.available,
        }),
    })
}
