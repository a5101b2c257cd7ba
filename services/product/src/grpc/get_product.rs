//! `GetProduct`: one product, with its price and stock.

use chimera_domain::ids::ProductId;
use chimera_kit::grpc::{after, id};
use chimera_kit::problem::Problem;
use chimera_proto::product::v1::{GetProductRequest, GetProductResponse};
use tonic::{Request, Response};

use super::message::product;
use crate::Products;

pub(super) async fn get_product(
    products: &Products,
    request: Request<GetProductRequest>,
) -> Result<Response<GetProductResponse>, Problem> {
    let after = after(&request)?;
    let wanted: ProductId = id("product_id", &request.get_ref().product_id)?;
    let found = products.product(&wanted, &after).await?.content;
    Ok(Response::new(GetProductResponse { product: Some(product(found)) }))
}
