//! GET `/products/{id}/price-history`.

use axum::Json;
use axum::extract::State;
use chimera_domain::ids::ProductId;
use chimera_kit::cursor::{self, Page};
use chimera_kit::money::MoneyBody;
use chimera_kit::params::{Id, Params};
use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_model::Row;
use chimera_model::product_price_history::{MODEL, PRODUCT_PRICE_HISTORY};
use chimera_query::{Cells, StoreCursor};
use serde::Serialize;
use utoipa::ToSchema;

use super::get::not_found;
use crate::Products;
use crate::products::list::Listing;

/// A price and when it was valid.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PastPrice {
    pub price: MoneyBody,
    pub valid_from: String,
    /// Absent while it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Every price that a product had, newest first
#[utoipa::path(
    get, path = "/products/{id}/price-history", tag = "products",
    params(Listing, ("id" = String, Path, description = "The SKU.", example = "9780135957059")),
    responses(
        (status = 200, body = Page<PastPrice>, description = "A page of the history."),
        (status = 404, description = "`product.not_found`"),
    )
)]
pub(crate) async fn price_history(
    State(products): State<Products>,
    Id(product): Id<ProductId>,
    Params(asked): Params<Listing>,
    after: After,
) -> Result<Json<Page<PastPrice>>, Problem> {
    products.past_prices(&product, asked, &after).await.map(Json)
}

impl Products {
    /// A page of the prices that a product had, newest first.
    pub(crate) async fn past_prices(
        &self,
        product: &ProductId,
        asked: Listing,
        after: &After,
    ) -> Result<Page<PastPrice>, Problem> {
        let list = format!("price-history of {product}");
        let limit = cursor::limit(asked.limit)?;
        let start = asked.cursor.as_ref().map(|text| cursor::open(&list, text)).transpose()?;
        let start = start.map(StoreCursor::from_bytes);
        self.reads.caught_up(after, &[&MODEL]).await?;
        let listing = chimera_query::Listing {
            table: &PRODUCT_PRICE_HISTORY,
            partition_key: &[product.as_key().as_ref().into()],
            after: start.as_ref(),
            limit,
        };
        let page = self.reads.list(&MODEL, listing).await?;
        if page.items.is_empty() && asked.cursor.is_none() {
            return Err(not_found());
        }
        let next = page.next.map(|next| cursor::seal(&list, next.as_bytes()));
        Ok(Page { items: page.items.iter().filter_map(past).collect(), next })
    }
}

fn past(row: &Row) -> Option<PastPrice> {
    let cells = Cells(row);
    Some(PastPrice {
        price: cells.money("price", "currency")?,
        valid_from: cells.key_time(1),
        valid_to: cells.time("valid_to"),
        reason: cells.text("reason"),
    })
}
