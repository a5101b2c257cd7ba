//! `ReserveStock`: holds units of a product for an order.

use chimera_domain::ids::{OrderId, ProductId};
use chimera_domain::stock::Command;
use chimera_kit::auth::WRITE_INVENTORY;
use chimera_kit::grpc::{answer, asked, id};
use chimera_kit::problem::Problem;
use chimera_proto::inventory::v1::{ReserveStockRequest, ReserveStockResponse};
use tonic::{Request, Response};

use crate::Inventory;

pub(super) async fn reserve_stock(
    inventory: &Inventory,
    request: Request<ReserveStockRequest>,
) -> Result<Response<ReserveStockResponse>, Problem> {
    let (message, asked) = asked(request, |message| &message.product_id)?.split();
    asked.caller.must_have(WRITE_INVENTORY)?;
    let product: ProductId = id("product_id", &message.product_id)?;
    let order: OrderId = id("order_id", &message.order_id)?;
    let command = Command::Reserve { order, quantity: message.quantity };
    let receipt = inventory.execute(&product, &asked, command).await?;
    let response = ReserveStockResponse {
        product_id: message.product_id,
        order_id: message.order_id,
        version: receipt.version,
        position: receipt.position.to_string(),
    };
    Ok(answer(response, &receipt.position))
}
