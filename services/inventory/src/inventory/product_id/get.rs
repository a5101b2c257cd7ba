//! GET `/inventory/{productId}`, and the reading itself, however it was asked for.

use axum::Json;
use axum::extract::State;
use chimera_domain::ids::ProductId;
use chimera_kit::codes;
use chimera_kit::params::Id;
use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_model::inventory_snapshot::{INVENTORY, MODEL, Reorder, StockBalance, is_low};
use chimera_query::{KvValue, part, time_text};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Inventory;

/// The stock of a product.
#[derive(Debug, Serialize, ToSchema)]
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
        (status = 200, body = StockBody, description = "What is on hand, held and left."),
        (status = 404, description = "`stock.not_found`: nobody has counted it yet"),
    )
)]
pub(crate) async fn get(
    State(inventory): State<Inventory>,
    Id(product): Id<ProductId>,
    after: After,
) -> Result<Json<StockBody>, Problem> {
    inventory.stock_of(&product, &after).await.map(Json)
}

impl Inventory {
    /// The stock of a product by the read model, which is not behind `after`.
    pub(crate) async fn stock_of(
        &self,
        product: &ProductId,
        after: &After,
    ) -> Result<StockBody, Problem> {
        self.reads.caught_up(after, &[&MODEL]).await?;
        let value = self.reads.value(&MODEL, &INVENTORY, product.as_key()).await?;
        let found = value.and_then(|value| body(product, &value));
        let detail = "nothing is known of this product's stock; adjust it first";
        found.ok_or_else(|| Problem::new(codes::STOCK_NOT_FOUND, detail))
    }
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
