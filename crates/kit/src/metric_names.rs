//! The metrics of the services: names that operators rely on, and what they mean.

use metrics::{describe_counter, describe_histogram};

/// Orders placed.
pub const ORDERS_CREATED_TOTAL: &str = "orders_created_total";
/// From the request to the durable order, in milliseconds.
pub const ORDER_CREATION_LATENCY_MS: &str = "order_creation_latency_ms";
/// Reservations that a stock refused.
pub const INVENTORY_RESERVATION_FAILURES_TOTAL: &str = "inventory_reservation_failures_total";
/// Requests, by method, route and status.
pub const HTTP_REQUESTS_TOTAL: &str = "http_requests_total";
/// From the request to the answer's head, in milliseconds, by method and route.
pub const HTTP_REQUEST_LATENCY_MS: &str = "http_request_latency_ms";
/// Calls over gRPC, by method and by the code that their answers begin with.
pub const GRPC_REQUESTS_TOTAL: &str = "grpc_requests_total";
/// From the call to the answer's head, in milliseconds, by method.
pub const GRPC_REQUEST_LATENCY_MS: &str = "grpc_request_latency_ms";

/// Gives the metrics their descriptions and makes counters start at 0; once, after the recorder is installed.
pub fn describe() {
    describe_counter!(ORDERS_CREATED_TOTAL, "Orders placed.");
    describe_histogram!(
        ORDER_CREATION_LATENCY_MS,
        "From the request to the durable order, in milliseconds."
    );
    describe_counter!(INVENTORY_RESERVATION_FAILURES_TOTAL, "Reservations that a stock refused.");
    describe_counter!(HTTP_REQUESTS_TOTAL, "Requests, by method, route and status.");
    describe_histogram!(
        HTTP_REQUEST_LATENCY_MS,
        "From the request to the answer's head, in milliseconds, by method and route."
    );
    describe_counter!(
        GRPC_REQUESTS_TOTAL,
        "Calls over gRPC, by method and by the code that their answers begin with."
    );
    describe_histogram!(
        GRPC_REQUEST_LATENCY_MS,
        "From the call to the answer's head, in milliseconds, by method."
    );
    metrics::counter!(ORDERS_CREATED_TOTAL).absolute(0);
    metrics::counter!(INVENTORY_RESERVATION_FAILURES_TOTAL).absolute(0);
}
