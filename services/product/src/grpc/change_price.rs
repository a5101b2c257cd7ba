//! `ChangePrice`: gives a product another price from now on.

use chimera_domain::ids::ProductId;
use chimera_kit::grpc::{answer, asked, given_money, id};
use chimera_kit::problem::Problem;
use chimera_proto::product::v1::{ChangePriceRequest, ChangePriceResponse};
use tonic::{Request, Response};

use crate::Products;
use crate::products::id::price::NewPrice;

pub(super) async fn change_price(
    products: &Products,
    request: Request<ChangePriceRequest>,
) -> Result<Response<ChangePriceResponse>, Problem> {
    let (message, asked) = asked(request, |message| &message.product_id)?.split();
    let product: ProductId = id("product_id", &message.product_id)?;
    let price = given_money(message.price, "price")?;
    let new = NewPrice { price, reason: message.reason };
    let receipt = products.change_price(&product, asked.with(new)).await?;
    let response = ChangePriceResponse {
        product_id: message.product_id,
        version: receipt.version,
        position: receipt.position.to_string(),
    };
    Ok(answer(response, &receipt.position))
}
