//! Calls over gRPC in the same process, and what came of them.

use std::sync::Arc;

use chimera_proto::inventory::v1::inventory_client::InventoryClient;
use chimera_proto::order::v1::orders_client::OrdersClient;
use chimera_proto::product::v1::products_client::ProductsClient;
use serde_json::Value;
use tonic::metadata::{MetadataKey, MetadataMap};
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use tonic_types::StatusExt;

use crate::client::Reply;
use crate::shop::Shop;

pub(crate) type Headers = Vec<(&'static str, String)>;

pub(crate) fn orders(shop: &Arc<Shop>) -> OrdersClient<Routes> {
    OrdersClient::new(shop.methods.clone())
}

pub(crate) fn inventory(shop: &Arc<Shop>) -> InventoryClient<Routes> {
    InventoryClient::new(shop.methods.clone())
}

pub(crate) fn products(shop: &Arc<Shop>) -> ProductsClient<Routes> {
    ProductsClient::new(shop.methods.clone())
}

/// A message, and its metadata.
pub(crate) fn with<T>(message: T, headers: &Headers) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in headers {
        let name = MetadataKey::from_static(name);
        request.metadata_mut().append(name, value.parse().unwrap());
    }
    request
}

/// What came of a call, in no API's words.
pub(crate) fn reply<T>(answer: Result<Response<T>, Status>, shown: impl Fn(T) -> Value) -> Reply {
    match answer {
        Ok(response) => {
            let (metadata, message, _) = response.into_parts();
            answered(&metadata, shown(message))
        }
        Err(status) => refused(&status),
    }
}

fn text(metadata: &MetadataMap, name: &str) -> Option<String> {
    Some(metadata.get(name)?.to_str().unwrap().to_owned())
}

fn answered(metadata: &MetadataMap, mut body: Value) -> Reply {
    let position = text(metadata, "chimera-position");
    // The message says it too.
    let said = body.as_object_mut().and_then(|fields| fields.remove("position"));
    assert_eq!(said.as_ref().and_then(Value::as_str), position.as_deref());
    Reply {
        code: "ok".to_owned(),
        grpc: tonic::Code::Ok,
        field: None,
        detail: String::new(),
        retry: None,
        body,
        position,
        waited: text(metadata, "preference-applied"),
        correlated: metadata.contains_key("correlation-id"),
    }
}

pub(crate) fn refused(status: &Status) -> Reply {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, "chimera");
    let wrong = details.bad_request().map(|bad| &bad.field_violations[0]);
    if let Some(wrong) = wrong {
        assert_eq!(wrong.description, status.message());
    }
    let retry = details.retry_info().and_then(|retry| retry.retry_delay);
    Reply {
        code: info.reason.clone(),
        grpc: status.code(),
        field: wrong.map(|wrong| wrong.field.clone()),
        detail: status.message().to_owned(),
        retry: retry.map(|retry| retry.as_secs()),
        body: Value::Null,
        position: None,
        waited: None,
        correlated: status.metadata().contains_key("correlation-id"),
    }
}
