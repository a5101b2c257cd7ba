//! What every call goes through, tried with a small service.

use axum::body::Body;
use axum::http::request::Builder;
use chimera_proto::inventory::v1 as proto;
use chimera_proto::inventory::v1::inventory_server::{Inventory, InventoryServer};
use tonic::Response as Answer;
use tonic_types::StatusExt;
use tower::ServiceExt;

use super::*;
use crate::grpc::{asked, keyed};
use crate::lifecycle::{Lifecycle, Stage};

/// Answers who asks; breaks, or never answers, where that is asked for.
struct Small;

#[async_trait::async_trait]
impl Inventory for Small {
    async fn reserve_stock(
        &self,
        request: tonic::Request<proto::ReserveStockRequest>,
    ) -> Result<Answer<proto::ReserveStockResponse>, Status> {
        let asked = asked(request, |message| &message.product_id)?;
        let order_id = asked.caller.subject.to_string();
        Ok(Answer::new(proto::ReserveStockResponse { order_id, ..Default::default() }))
    }

    async fn release_stock(
        &self,
        _: tonic::Request<proto::ReleaseStockRequest>,
    ) -> Result<Answer<proto::ReleaseStockResponse>, Status> {
        panic!("the table has a leg")
    }

    async fn commit_stock(
        &self,
        _: tonic::Request<proto::CommitStockRequest>,
    ) -> Result<Answer<proto::CommitStockResponse>, Status> {
        std::future::pending().await
    }

    async fn adjust_stock(
        &self,
        request: tonic::Request<proto::AdjustStockRequest>,
    ) -> Result<Answer<proto::AdjustStockResponse>, Status> {
        keyed(request, |message| &message.product_id)?;
        Ok(Answer::new(proto::AdjustStockResponse::default()))
    }

    async fn query_stock(
        &self,
        _: tonic::Request<proto::QueryStockRequest>,
    ) -> Result<Answer<proto::QueryStockResponse>, Status> {
        Ok(Answer::new(proto::QueryStockResponse::default()))
    }
}

fn app(authenticator: Authenticator) -> Routes {
    let health = Health::default();
    let stopping = Lifecycle::new(&health, Duration::ZERO).stopping(Stage::Intake);
    let service = InventoryServer::new(Small).max_decoding_message_size(2_048);
    application(Routes::new(service), Edge { authenticator, health, stopping }).unwrap()
}

/// A message as it is framed.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, message].concat()
}

fn call(method: &str) -> Builder {
    axum::http::Request::post(format!("/chimera.inventory.v1.Inventory/{method}"))
        .header("content-type", "application/grpc")
}

async fn answer(request: Builder, message: &[u8], authenticator: Authenticator) -> HeaderMap {
    let request = request.body(Body::from(framed(message))).unwrap();
    app(authenticator).oneshot(request).await.unwrap().into_parts().0.headers
}

async fn refused_with(request: Builder, message: &[u8]) -> (Code, String, String) {
    let headers = answer(request, message, Authenticator::Open).await;
    assert!(headers.contains_key("correlation-id"));
    let status = Status::from_header_map(&headers).unwrap();
    let details = status.get_error_details();
    let reason = details.error_info().unwrap().reason.clone();
    (status.code(), reason, status.message().to_owned())
}

#[tokio::test]
async fn bad_calls_are_answered_with_their_status_and_code() {
    let large = [b'x'; 4_096];
    let none: &[u8] = &[];
    let elsewhere = axum::http::Request::post("/chimera.internal.v1.Forward/Execute");
    let table = [
        (call("Invented"), none, Code::Unimplemented, "route.not_found"),
        (elsewhere, none, Code::Unimplemented, "route.not_found"),
        (call("AdjustStock"), none, Code::InvalidArgument, "idempotency.key_required"),
        (call("QueryStock"), b"\xff\xff", Code::InvalidArgument, "request.malformed"),
        (call("QueryStock"), &large, Code::ResourceExhausted, "request.too_large"),
        (call("ReleaseStock"), none, Code::Internal, "internal.error"),
        (
            call("CommitStock").header("grpc-timeout", "20m"),
            none,
            Code::DeadlineExceeded,
            "request.timed_out",
        ),
        (
            call("QueryStock").header("grpc-timeout", "soon"),
            none,
            Code::InvalidArgument,
            "request.bad_parameter",
        ),
        (
            call("QueryStock").header("host", "evil.example"),
            none,
            Code::PermissionDenied,
            "auth.cross_site",
        ),
    ];
    for (request, message, code, reason) in table {
        let (actual, why, words) = refused_with(request, message).await;
        assert_eq!((actual, why.as_str()), (code, reason));
        assert!(!words.contains("leg") && !words.is_empty(), "{words}");
    }
}

#[tokio::test]
async fn with_tokens_any_host_may_be_asked_and_nobody_without_one() {
    let jwt = || {
        let key = crate::auth::JwtKey::new("a secret of at least thirty-two bytes");
        Authenticator::Jwt(Arc::new(key))
    };
    let open = answer(call("QueryStock").header("host", "shop.example"), &[], jwt()).await;
    assert!(!open.contains_key("grpc-status"), "it begins well: {open:?}");
    let closed = answer(call("ReserveStock"), &[], jwt()).await;
    assert_eq!(closed["grpc-status"], "16");
}

#[tokio::test]
async fn a_correlation_id_comes_back() {
    let request = call("ReserveStock").header("correlation-id", "req-7");
    let headers = answer(request, &[], Authenticator::Open).await;
    assert_eq!(headers["correlation-id"], "req-7");
}
