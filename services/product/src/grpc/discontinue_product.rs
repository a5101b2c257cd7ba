//! `DiscontinueProduct`: takes a product out of sale; its history stays.

use chimera_domain::ids::ProductId;
use chimera_kit::grpc::{answer, asked, id};
use chimera_kit::problem::Problem;
use chimera_proto::product::v1::{DiscontinueProductRequest, DiscontinueProductResponse};
use tonic::{Request, Response};

use crate::Products;
use crate::products::id::discontinue::Discontinuing;

pub(super) async fn discontinue_product(
    products: &Products,
    request: Request<DiscontinueProductRequest>,
) -> Result<Response<DiscontinueProductResponse>, Problem> {
    let (message, asked) = asked(request, |message| &message.product_id)?.split();
    let product: ProductId = id("product_id", &message.product_id)?;
    let discontinuing = Discontinuing { reason: message.reason };
    let receipt = products.discontinue(&product, asked.with(discontinuing)).await?;
    let response = DiscontinueProductResponse {
        product_id: message.product_id,
        version: receipt.version,
        position: receipt.position.to_string(),
    };
    Ok(answer(response, &receipt.position))
}
