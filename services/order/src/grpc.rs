//! `chimera.order.v1.Orders`: a file a method.

use chimera_proto::order::v1 as proto;
use chimera_proto::order::v1::orders_server::{Orders as Methods, OrdersServer};
use tonic::{Request, Response, Status};

use crate::Orders;

mod cancel_order;
mod decide_return;
mod deliver_order;
mod event;
mod get_order;
mod message;
mod pay_order;
mod place_order;
mod request_return;
mod ship_order;
mod watch_order;

/// The service, which takes messages of at most `body_bytes`.
#[must_use]
pub fn service(state: Orders, body_bytes: usize) -> OrdersServer<Orders> {
    OrdersServer::new(state).max_decoding_message_size(body_bytes)
}

#[async_trait::async_trait]
impl Methods for Orders {
    type WatchOrderStream = watch_order::Events;

    async fn place_order(
        &self,
        request: Request<proto::PlaceOrderRequest>,
    ) -> Result<Response<proto::PlaceOrderResponse>, Status> {
        Ok(place_order::place_order(self, request).await?)
    }

    async fn pay_order(
        &self,
        request: Request<proto::PayOrderRequest>,
    ) -> Result<Response<proto::PayOrderResponse>, Status> {
        Ok(pay_order::pay_order(self, request).await?)
    }

    async fn cancel_order(
        &self,
        request: Request<proto::CancelOrderRequest>,
    ) -> Result<Response<proto::CancelOrderResponse>, Status> {
        Ok(cancel_order::cancel_order(self, request).await?)
    }

    async fn ship_order(
        &self,
        request: Request<proto::ShipOrderRequest>,
    ) -> Result<Response<proto::ShipOrderResponse>, Status> {
        Ok(ship_order::ship_order(self, request).await?)
    }

    async fn deliver_order(
        &self,
        request: Request<proto::DeliverOrderRequest>,
    ) -> Result<Response<proto::DeliverOrderResponse>, Status> {
        Ok(deliver_order::deliver_order(self, request).await?)
    }

    async fn request_return(
        &self,
        request: Request<proto::RequestReturnRequest>,
    ) -> Result<Response<proto::RequestReturnResponse>, Status> {
        Ok(request_return::request_return(self, request).await?)
    }

    async fn decide_return(
        &self,
        request: Request<proto::DecideReturnRequest>,
    ) -> Result<Response<proto::DecideReturnResponse>, Status> {
        Ok(decide_return::decide_return(self, request).await?)
    }

    async fn get_order(
        &self,
        request: Request<proto::GetOrderRequest>,
    ) -> Result<Response<proto::GetOrderResponse>, Status> {
        Ok(get_order::get_order(self, request).await?)
    }

    async fn watch_order(
        &self,
        request: Request<proto::WatchOrderRequest>,
    ) -> Result<Response<Self::WatchOrderStream>, Status> {
        Ok(watch_order::watch_order(self, request).await?)
    }
}
