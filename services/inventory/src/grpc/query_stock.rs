//! `QueryStock`: the stock of a product.

use chimera_domain::ids::ProductId;
use chimera_kit::grpc::{after, id, timestamp};
use chimera_kit::problem::Problem;
use chimera_proto::inventory::v1::{QueryStockRequest, QueryStockResponse, Stock};
use tonic::{Request, Response};

use crate::Inventory;
use crate::inventory::product_id::get::StockBody;

pub(super) async fn query_stock(
    inventory: &Inventory,
    request: Request<QueryStockRequest>,
) -> Result<Response<QueryStockResponse>, Problem> {
    let after = after(&request)?;
    let product: ProductId = id("product_id", &request.get_ref().product_id)?;
    let stock = inventory.stock_of(&product, &after).await?.content;
    Ok(Response::new(QueryStockResponse { stock: Some(message(stock)) }))
}

fn message(stock: StockBody) -> Stock {
    Stock {
        product_id: stock.product_id,
        on_hand: stock.on_hand,
        reserved: stock.reserved,
        available: stock.available,
        reorder_level: stock.reorder_level,
        low: stock.low,
        updated_at: timestamp(&stock.updated_at),
        version: stock.version,
    }
}
