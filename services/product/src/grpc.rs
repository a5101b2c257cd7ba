//! `chimera.product.v1.Products`: a file a method.

use chimera_proto::product::v1 as proto;
use chimera_proto::product::v1::products_server::{Products as Methods, ProductsServer};
use tonic::{Request, Response, Status};

use crate::Products;

mod change_price;
mod create_product;
mod discontinue_product;
mod get_product;
mod list_price_history;
mod list_products;
mod message;
mod relist_product;
mod update_product;

/// The service, which takes messages of at most `body_bytes`.
#[must_use]
pub fn service(state: Products, body_bytes: usize) -> ProductsServer<Products> {
    ProductsServer::new(state).max_decoding_message_size(body_bytes)
}

#[async_trait::async_trait]
impl Methods for Products {
    async fn create_product(
        &self,
        request: Request<proto::CreateProductRequest>,
    ) -> Result<Response<proto::CreateProductResponse>, Status> {
        Ok(create_product::create_product(self, request).await?)
    }

    async fn update_product(
        &self,
        request: Request<proto::UpdateProductRequest>,
    ) -> Result<Response<proto::UpdateProductResponse>, Status> {
        Ok(update_product::update_product(self, request).await?)
    }

    async fn change_price(
        &self,
        request: Request<proto::ChangePriceRequest>,
    ) -> Result<Response<proto::ChangePriceResponse>, Status> {
        Ok(change_price::change_price(self, request).await?)
    }

    async fn discontinue_product(
        &self,
        request: Request<proto::DiscontinueProductRequest>,
    ) -> Result<Response<proto::DiscontinueProductResponse>, Status> {
        Ok(discontinue_product::discontinue_product(self, request).await?)
    }

    async fn relist_product(
        &self,
        request: Request<proto::RelistProductRequest>,
    ) -> Result<Response<proto::RelistProductResponse>, Status> {
        Ok(relist_product::relist_product(self, request).await?)
    }

    async fn get_product(
        &self,
        request: Request<proto::GetProductRequest>,
    ) -> Result<Response<proto::GetProductResponse>, Status> {
        Ok(get_product::get_product(self, request).await?)
    }

    async fn list_products(
        &self,
        request: Request<proto::ListProductsRequest>,
    ) -> Result<Response<proto::ListProductsResponse>, Status> {
        Ok(list_products::list_products(self, request).await?)
    }

    async fn list_price_history(
        &self,
        request: Request<proto::ListPriceHistoryRequest>,
    ) -> Result<Response<proto::ListPriceHistoryResponse>, Status> {
        Ok(list_price_history::list_price_history(self, request).await?)
    }
}
