//! GET `/inventory/{productId}`, and the reading itself, however it was asked for.

use axum::Json;
use axum::extract::State;
use chimera_domain::ids::ProductId;
use chimera_kit::codes;
use chimera_kit::params::Id;
use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_kit::warned::Warned;
use chimera_model::Row;
use chimera_model::inventory_snapshot::{
    INVENTORY, INVENTORY_SNAPSHOT, MODEL, Reorder, StockBalance, is_low,
};
use chimera_query::{Cached, Cells, KvValue, part, time_text};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Inventory;

/// The stock of a product.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Stock)]
pub(crate) struct StockBody {
    #[schema(example = "9780135957059")]
    pub product_id: String,
    /// Units in the building.
    #[schema(example = 40)]
    pub on_hand: i64,
    /// Units held by orders.
    #[schema(example = 3)]
    pub reserved: i64,
    /// What is left to sell.
    #[schema(example = 37)]
    pub available: i64,
    pub reorder_level: i64,
    /// Whether fewer are available than the reorder level.
    pub low: bool,
    pub updated_at: String,
    pub version: u64,
}

/// The stock of a product
#[utoipa::path(
    get, path = "/inventory/{productId}", tag = "inventory",
    params(("productId" = String, Path, description = "The SKU.", example = "9780135957059")),
    responses(
        (status = 200, body = StockBody, description = "What is on hand, held and left; with a `Warning` while the cache is away."),
        (status = 404, description = "`stock.not_found`: nobody has counted it yet"),
    )
)]
pub(crate) async fn get(
    State(inventory): State<Inventory>,
    Id(product): Id<ProductId>,
    after: After,
) -> Result<Warned<Json<StockBody>>, Problem> {
    Ok(inventory.stock_of(&product, &after).await?.map(Json))
}

impl Inventory {
    /// The stock of a product, not behind `after`: by the cache, or by the table where that has it not or is away.
    pub(crate) async fn stock_of(
        &self,
        product: &ProductId,
        after: &After,
    ) -> Result<Warned<StockBody>, Problem> {
        let cached = self.reads.cached(after, &MODEL, &INVENTORY, product.as_key()).await?;
        let by_cache = match &cached {
            Cached::Hit(value) => body(product, value),
            Cached::Miss | Cached::Away => None,
        };
        if let Some(found) = by_cache {
            return Ok(Warned::usual(found));
        }
        let found = self.by_table(product, after).await?.ok_or_else(|| {
            let detail = "nothing is known of this product's stock; adjust it first";
            Problem::new(codes::STOCK_NOT_FOUND, detail)
        })?;
        if cached == Cached::Away {
            return Ok(Warned::with("the cache is away; this may be of a moment ago", found));
        }
        Ok(Warned::usual(found))
    }

    async fn by_table(
        &self,
        product: &ProductId,
        after: &After,
    ) -> Result<Option<StockBody>, Problem> {
        self.reads.caught_up(after, &[&MODEL]).await?;
        self.flights.join(after, product.as_key(), || self.row_of(product)).await
    }

    async fn row_of(&self, product: &ProductId) -> Result<Option<StockBody>, Problem> {
        let key = [product.as_key().as_ref().into()];
        let row = self.reads.row(&MODEL, &INVENTORY_SNAPSHOT, key).await?;
        Ok(row.as_ref().and_then(|row| of_row(product, row)))
    }
}

fn of_row(product: &ProductId, row: &Row) -> Option<StockBody> {
    let cells = Cells(row);
    let available = cells.integer("available")?;
    let reorder_level = cells.integer("reorder_level").unwrap_or_default();
    Some(StockBody {
        product_id: product.to_string(),
        on_hand: cells.integer("on_hand")?,
        reserved: cells.integer("reserved")?,
        available,
        reorder_level,
        low: is_low(available, reorder_level),
        updated_at: cells.time("updated_at")?,
        version: cells.integer("version")?.unsigned_abs(),
    })
}

fn body(product: &ProductId, value: &KvValue) -> Option<StockBody> {
    let balance: StockBalance = part(value, "balance")?;
    let reorder_level =
        part::<Reorder>(value, "reorder").map_or(0, |reorder| reorder.reorder_level);
    Some(StockBody {
        product_id: product.to_string(),
        on_hand: balance.on_hand,
        reserved: balance.reserved,
        available: balance.available,
        reorder_level,
        low: is_low(balance.available, reorder_level),
        updated_at: time_text(balance.updated_at),
        version: balance.version,
    })
}
