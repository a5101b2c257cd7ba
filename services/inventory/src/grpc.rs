//! `chimera.inventory.v1.Inventory`: a file a method.

use chimera_proto::inventory::v1 as proto;
use chimera_proto::inventory::v1::inventory_server::{Inventory as Methods, InventoryServer};
use tonic::{Request, Response, Status};

use crate::Inventory;

mod adjust_stock;
mod commit_stock;
mod query_stock;
mod release_stock;
mod reserve_stock;

/// The service, which takes messages of at most `body_bytes`.
#[must_use]
pub fn service(state: Inventory, body_bytes: usize) -> InventoryServer<Inventory> {
    InventoryServer::new(state).max_decoding_message_size(body_bytes)
}

#[async_trait::async_trait]
impl Methods for Inventory {
    async fn reserve_stock(
        &self,
        request: Request<proto::ReserveStockRequest>,
    ) -> Result<Response<proto::ReserveStockResponse>, Status> {
        Ok(reserve_stock::reserve_stock(self, request).await?)
    }

    async fn release_stock(
        &self,
        request: Request<proto::ReleaseStockRequest>,
    ) -> Result<Response<proto::ReleaseStockResponse>, Status> {
        Ok(release_stock::release_stock(self, request).await?)
    }

    async fn commit_stock(
        &self,
        request: Request<proto::CommitStockRequest>,
    ) -> Result<Response<proto::CommitStockResponse>, Status> {
        Ok(commit_stock::commit_stock(self, request).await?)
    }

    async fn adjust_stock(
        &self,
        request: Request<proto::AdjustStockRequest>,
    ) -> Result<Response<proto::AdjustStockResponse>, Status> {
        Ok(adjust_stock::adjust_stock(self, request).await?)
    }

    async fn query_stock(
        &self,
        request: Request<proto::QueryStockRequest>,
    ) -> Result<Response<proto::QueryStockResponse>, Status> {
        Ok(query_stock::query_stock(self, request).await?)
    }
}
