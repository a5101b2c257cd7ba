//! `CreateProduct`: puts a product into the catalogue.

use chimera_kit::codes;
use chimera_kit::grpc::{answer, given_money, keyed};
use chimera_kit::problem::Problem;
use chimera_proto::product::v1::{CreateProductRequest, CreateProductResponse};
use tonic::{Request, Response};

use super::message::details;
use crate::Products;
use crate::products::new::NewProduct;

pub(super) async fn create_product(
    products: &Products,
    request: Request<CreateProductRequest>,
) -> Result<Response<CreateProductResponse>, Problem> {
    let (message, asked) = keyed(request, |_| "")?.split();
    let missing = || Problem::new(codes::REQUEST_INVALID, "details are needed").at("details");
    let new = NewProduct {
        product_id: message.product_id,
        details: details(message.details.ok_or_else(missing)?)?,
        price: given_money(message.price, "price")?,
        stock_tracked: message.stock_tracked.unwrap_or(true),
    };
    let (product, receipt) = products.create(asked.with(new)).await?;
    let response = CreateProductResponse {
        product_id: product.to_string(),
        version: receipt.version,
        position: receipt.position.to_string(),
    };
    Ok(answer(response, &receipt.position))
}
