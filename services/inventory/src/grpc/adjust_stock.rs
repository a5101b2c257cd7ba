//! `AdjustStock`: changes what is on hand.

use chimera_domain::ids::ProductId;
use chimera_domain::stock::AdjustmentReason;
use chimera_kit::codes;
use chimera_kit::grpc::{answer, id, keyed};
use chimera_kit::problem::Problem;
use chimera_proto::inventory::v1 as proto;
use tonic::{Request, Response};

use crate::Inventory;
use crate::inventory::product_id::adjustments::Adjustment;

pub(super) async fn adjust_stock(
    inventory: &Inventory,
    request: Request<proto::AdjustStockRequest>,
) -> Result<Response<proto::AdjustStockResponse>, Problem> {
    let (message, asked) = keyed(request, |message| &message.product_id)?.split();
    let product: ProductId = id("product_id", &message.product_id)?;
    let adjustment = Adjustment {
        delta: message.delta,
        reason: reason(message.reason())?,
        reorder_level: message.reorder_level,
        reference: message.reference,
    };
    let receipt = inventory.adjust(&product, asked.with(adjustment)).await?;
    let response = proto::AdjustStockResponse {
        product_id: message.product_id,
        version: receipt.version,
        position: receipt.position.to_string(),
    };
    Ok(answer(response, &receipt.position))
}

/// A number that is no reason counts as none.
fn reason(reason: proto::AdjustmentReason) -> Result<AdjustmentReason, Problem> {
    match reason {
        proto::AdjustmentReason::Unspecified => {
            let detail = "say why: RECEIVED, COUNT, DAMAGED, SENSOR, RETURNED or IMPORTED";
            Err(Problem::new(codes::REQUEST_INVALID, detail).at("reason"))
        }
        proto::AdjustmentReason::Received => Ok(AdjustmentReason::Received),
        proto::AdjustmentReason::Count => Ok(AdjustmentReason::Count),
        proto::AdjustmentReason::Damaged => Ok(AdjustmentReason::Damaged),
        proto::AdjustmentReason::Sensor => Ok(AdjustmentReason::Sensor),
        proto::AdjustmentReason::Returned => Ok(AdjustmentReason::Returned),
        proto::AdjustmentReason::Imported => Ok(AdjustmentReason::Imported),
    }
}
