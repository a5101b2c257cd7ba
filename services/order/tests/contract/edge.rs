//! What only gRPC has: deadlines, health, reflection, what is sent in metadata, and what comes in an error's details.

use std::sync::Arc;
use std::time::Duration;

use chimera_kit::health::Readiness;
use chimera_proto::inventory::v1::QueryStockRequest;
use chimera_proto::order::v1::{GetOrderRequest, PlaceOrderRequest};
use futures_util::StreamExt;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt;

use crate::calls::{Headers, inventory, orders, refused, with};
use crate::shop::Shop;

async fn shop() -> Arc<Shop> {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 5).await;
    Arc::new(shop)
}

async fn stock_behind(shop: &Arc<Shop>, headers: Headers) -> Status {
    let message = QueryStockRequest { product_id: "P-1".into() };
    inventory(shop).query_stock(with(message, &headers)).await.unwrap_err()
}

fn header(name: &'static str, value: &str) -> Headers {
    vec![(name, value.to_owned())]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_of_a_call_is_honoured() {
    let shop = shop().await;
    let mut headers = header("chimera-position", "ecommerce.inventory.stock/0/999999");
    headers.push(("grpc-timeout", "300m".to_owned()));
    let started = std::time::Instant::now();
    let status = stock_behind(&shop, headers).await;
    let reply = refused(&status);
    assert_eq!((reply.code.as_str(), reply.grpc), ("request.timed_out", Code::DeadlineExceeded));
    assert!(reply.correlated && reply.retry == Some(1), "{reply:?}");
    // Without it the read would have been waited for as long as any read.
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_metadata_is_refused_with_its_name() {
    let shop = shop().await;
    for (headers, code, field) in [
        (header("grpc-timeout", "soon"), "request.bad_parameter", "grpc-timeout"),
        (header("chimera-position", "here"), "position.invalid", "chimera-position"),
        (header("chimera-position", "s/0/-1"), "position.invalid", "chimera-position"),
    ] {
        let reply = refused(&stock_behind(&shop, headers).await);
        assert_eq!((reply.code.as_str(), reply.field.as_deref()), (code, Some(field)));
        assert_eq!(reply.grpc, Code::InvalidArgument);
    }
    let message = PlaceOrderRequest::default();
    let status = orders(&shop).place_order(with(message, &header("idempotency-key", ""))).await;
    assert_eq!(refused(&status.unwrap_err()).code, "idempotency.key_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_is_kept_out() {
    let shop = shop().await;
    let status = stock_behind(&shop, header("origin", "http://evil.example")).await;
    let reply = refused(&status);
    assert_eq!((reply.code.as_str(), reply.grpc), ("auth.cross_site", Code::PermissionDenied));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_says_what_why_where_and_when_to_try_again() {
    let shop = shop().await;
    let message = GetOrderRequest { order_id: "a b".into(), at: None };
    let headers = header("correlation-id", "req-7");
    let status = orders(&shop).get_order(with(message, &headers)).await.unwrap_err();
    assert_eq!(status.metadata().get("correlation-id").unwrap(), "req-7");
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("request.bad_parameter", "chimera"));
    let violations = &details.bad_request().unwrap().field_violations;
    assert_eq!((violations.len(), violations[0].field.as_str()), (1, "order_id"));
    assert!(details.retry_info().is_none() && details.debug_info().is_none());

    let behind = header("chimera-position", "ecommerce.inventory.stock/0/999999");
    let status = stock_behind(&shop, behind).await;
    assert_eq!(status.code(), Code::Unavailable);
    let retry = status.get_error_details().retry_info().unwrap().retry_delay;
    assert_eq!(retry, Some(Duration::from_secs(1)));
}

async fn health(shop: &Arc<Shop>, service: &str) -> Result<i32, Code> {
    let request = HealthCheckRequest { service: service.to_owned() };
    let answer = HealthClient::new(shop.methods.clone()).check(request).await;
    answer.map(|response| response.into_inner().status).map_err(|status| status.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_what_the_process_says_of_itself() {
    let shop = shop().await;
    for service in ["", "chimera.order.v1.Orders", "chimera.inventory.v1.Inventory"] {
        assert_eq!(health(&shop, service).await, Ok(1), "{service}");
    }
    assert_eq!(health(&shop, "chimera.internal.v1.Forward").await, Err(Code::NotFound));
    let request = HealthCheckRequest { service: String::new() };
    let watched = HealthClient::new(shop.methods.clone()).watch(request).await.unwrap();
    let mut watched = watched.into_inner();
    assert_eq!(watched.next().await.unwrap().unwrap().status, 1);
    shop.health.register("prices", || Readiness::NotReady("being read".into()));
    assert_eq!(watched.next().await.unwrap().unwrap().status, 2);
    assert_eq!(health(&shop, "").await, Ok(2));
}

async fn reflected(shop: &Arc<Shop>, asked: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(asked) };
    let mut client = ServerReflectionClient::new(shop.methods.clone());
    let asked = futures_util::stream::iter([request]);
    let mut answers = client.server_reflection_info(asked).await.unwrap().into_inner();
    answers.next().await.unwrap().unwrap().message_response.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_shows_what_clients_may_call_and_nothing_else() {
    let shop = shop().await;
    let answer = reflected(&shop, MessageRequest::ListServices(String::new())).await;
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let mut names: Vec<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let ours: Vec<&str> = names.iter().copied().filter(|n| n.starts_with("chimera.")).collect();
    let promised = [
        "chimera.inventory.v1.Inventory",
        "chimera.order.v1.Orders",
        "chimera.product.v1.Products",
    ];
    assert_eq!(ours, promised);
    assert!(names.contains(&"grpc.health.v1.Health"), "{names:?}");
    let symbol = MessageRequest::FileContainingSymbol("chimera.order.v1.Orders".into());
    let found = reflected(&shop, symbol).await;
    assert!(matches!(found, MessageResponse::FileDescriptorResponse(_)), "{found:?}");
}
