//! `ListPriceHistory`: every price that a product had, newest first, in pages.

use chimera_domain::ids::ProductId;
use chimera_kit::grpc::{after, id, timestamp};
use chimera_kit::problem::Problem;
use chimera_proto::product::v1 as proto;
use tonic::{Request, Response};

use super::message::price;
use crate::Products;
use crate::products::id::price_history::PastPrice;
use crate::products::list::Listing;

pub(super) async fn list_price_history(
    products: &Products,
    request: Request<proto::ListPriceHistoryRequest>,
) -> Result<Response<proto::ListPriceHistoryResponse>, Problem> {
    let after = after(&request)?;
    let proto::ListPriceHistoryRequest { product_id, limit, cursor } = request.into_inner();
    let product: ProductId = id("product_id", &product_id)?;
    let page = products.past_prices(&product, Listing { limit, cursor }, &after).await?;
    let items = page.items.into_iter().map(past).collect();
    Ok(Response::new(proto::ListPriceHistoryResponse { items, next: page.next }))
}

fn past(past: PastPrice) -> proto::PastPrice {
    proto::PastPrice {
        price: Some(price(past.price)),
        valid_from: timestamp(&past.valid_from),
        valid_to: past.valid_to.as_deref().and_then(timestamp),
        reason: past.reason,
    }
}
