//! `ListProducts`: all products, in pages.

use chimera_kit::grpc::after;
use chimera_kit::problem::Problem;
use chimera_proto::product::v1::{ListProductsRequest, ListProductsResponse};
use tonic::{Request, Response};

use super::message::product;
use crate::Products;
use crate::products::list::Listing;

pub(super) async fn list_products(
    products: &Products,
    request: Request<ListProductsRequest>,
) -> Result<Response<ListProductsResponse>, Problem> {
    let after = after(&request)?;
    let ListProductsRequest { limit, cursor } = request.into_inner();
    let page = products.listed(Listing { limit, cursor }, &after).await?;
    let items = page.items.into_iter().map(product).collect();
    Ok(Response::new(ListProductsResponse { items, next: page.next }))
}
