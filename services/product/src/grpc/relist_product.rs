//! `RelistProduct`: puts a discontinued product back into sale.

use chimera_domain::ids::ProductId;
use chimera_kit::grpc::{answer, asked, id};
use chimera_kit::problem::Problem;
use chimera_proto::product::v1::{RelistProductRequest, RelistProductResponse};
use tonic::{Request, Response};

use crate::Products;

pub(super) async fn relist_product(
    products: &Products,
    request: Request<RelistProductRequest>,
) -> Result<Response<RelistProductResponse>, Problem> {
    let (message, asked) = asked(request, |message| &message.product_id)?.split();
    let product: ProductId = id("product_id", &message.product_id)?;
    let receipt = products.relist(&product, &asked).await?;
    let response = RelistProductResponse {
        product_id: message.product_id,
        version: receipt.version,
        position: receipt.position.to_string(),
    };
    Ok(answer(response, &receipt.position))
}
