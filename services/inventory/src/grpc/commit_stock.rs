//! `CommitStock`: what an order holds has left the building.

use chimera_domain::ids::{OrderId, ProductId};
use chimera_domain::stock::Command;
use chimera_kit::auth::WRITE_INVENTORY;
use chimera_kit::grpc::{answer, asked, id};
use chimera_kit::problem::Problem;
use chimera_proto::inventory::v1::{CommitStockRequest, CommitStockResponse};
use tonic::{Request, Response};

use crate::Inventory;

pub(super) async fn commit_stock(
    inventory: &Inventory,
    request: Request<CommitStockRequest>,
) -> Result<Response<CommitStockResponse>, Problem> {
    let (message, asked) = asked(request, |message| &message.product_id)?.split();
    asked.caller.must_have(WRITE_INVENTORY)?;
    let product: ProductId = id("product_id", &message.product_id)?;
    let order: OrderId = id("order_id", &message.order_id)?;
    let command = Command::Commit { order };
    let receipt = inventory.execute(&product, &asked, command).await?;
    let response = CommitStockResponse {
        product_id: message.product_id,
        order_id: message.order_id,
        version: receipt.version,
        position: receipt.position.to_string(),
    };
    Ok(answer(response, &receipt.position))
}
