//! Read model `order_details`: one order or credit note with its lines and its timeline.
//!
//! Built from two streams, whose versions cannot be compared: the payment's cells are called `payment_…` or `refund_…`, all
//! others are the order's, and neither stream writes the other's. A row without `status` is no order yet: its payment was
//! read first. Never holds a payment token.

use chimera_domain::order;
use chimera_domain::payment;
use chimera_domain::recorded::Recorded;

use crate::{Change, Column, Kind, Mutation, Projection, ReadModel, TableSpec, Value};

mod head;
mod lines;
mod money;
mod timeline;

pub use timeline::Summary;

/// The read model.
pub static MODEL: ReadModel = ReadModel {
    name: "order_details",
    event_types: &[
        "ecommerce.order.order.created.v1",
        "ecommerce.order.order.confirmed.v1",
        "ecommerce.order.order.payment_requested.v1",
        "ecommerce.order.order.paid.v1",
        "ecommerce.order.order.payment_failed.v1",
        "ecommerce.order.order.shipped.v1",
        "ecommerce.order.order.fulfilled.v1",
        "ecommerce.order.order.canceled.v1",
        "ecommerce.order.order.return_requested.v1",
        "ecommerce.order.order.return_rejected.v1",
        "ecommerce.order.order.returned.v1",
        "ecommerce.order.order.refunded.v1",
        "ecommerce.order.order.credited.v1",
        "ecommerce.payment.payment.requested.v1",
        "ecommerce.payment.payment.captured.v1",
        "ecommerce.payment.payment.declined.v1",
        "ecommerce.payment.payment.refund_requested.v1",
        "ecommerce.payment.payment.refunded.v1",
        "ecommerce.payment.payment.refund_failed.v1",
    ],
    tables: &[&ORDER_DETAILS, &ORDER_LINES, &ORDER_TIMELINE],
    spaces: &[],
    indices: &[],
    projection: Projection::Project(project),
};

const ORDER_ID: &[Column] = &[Column::new("order_id", Kind::Text)];

/// One row an order or credit note.
pub static ORDER_DETAILS: TableSpec = TableSpec {
    name: "order_details",
    partition_key: ORDER_ID,
    clustering: &[],
    columns: &[
        Column::new("kind", Kind::Text),
        Column::new("customer_id", Kind::Text),
        Column::new("placed_at", Kind::Timestamp),
        Column::new("status", Kind::Text),
        Column::new("confirmed", Kind::Boolean),
        Column::new("currency", Kind::Text),
        Column::new("subtotal", Kind::Decimal),
        Column::new("discount", Kind::Decimal),
        Column::new("tax", Kind::Decimal),
        Column::new("shipping", Kind::Decimal),
        Column::new("total", Kind::Decimal),
        Column::new("units", Kind::Integer),
        Column::new("line_count", Kind::Integer),
        Column::new("shipping_address", Kind::Json),
        Column::new("pay_by", Kind::Timestamp),
        Column::new("attempts", Kind::Integer),
        Column::new("paid_by", Kind::Text),
        Column::new("paid_at", Kind::Timestamp),
        Column::new("carrier", Kind::Text),
        Column::new("tracking_number", Kind::Text),
        Column::new("shipped_at", Kind::Timestamp),
        Column::new("fulfilled_at", Kind::Timestamp),
        Column::new("cancel_reason", Kind::Text),
        Column::new("short_lines", Kind::Json),
        Column::new("canceled_at", Kind::Timestamp),
        Column::new("return_reason", Kind::Text),
        Column::new("return_rejection", Kind::Text),
        Column::new("returned_at", Kind::Timestamp),
        Column::new("refunded_amount", Kind::Decimal),
        Column::new("refunded_at", Kind::Timestamp),
        Column::new("credit_reason", Kind::Text),
        Column::new("updated_at", Kind::Timestamp),
        Column::new("version", Kind::Integer),
        Column::new("payment_state", Kind::Text),
        Column::new("payment_id", Kind::Text),
        Column::new("payment_method", Kind::Text),
        Column::new("payment_amount", Kind::Decimal),
        Column::new("payment_currency", Kind::Text),
        Column::new("payment_reference", Kind::Text),
        Column::new("payment_failure", Kind::Text),
        Column::new("refund_reference", Kind::Text),
        Column::new("refund_failure", Kind::Text),
        Column::new("payment_updated_at", Kind::Timestamp),
        Column::new("payment_version", Kind::Integer),
    ],
};

/// The lines of an order or credit note, numbered from 1 as they were given; they never change.
pub static ORDER_LINES: TableSpec = TableSpec {
    name: "order_lines",
    partition_key: ORDER_ID,
    clustering: &[Column::new("line", Kind::Integer)],
    columns: &[
        Column::new("product_id", Kind::Text),
        Column::new("title", Kind::Text),
        Column::new("unit_price", Kind::Decimal),
        Column::new("quantity", Kind::Integer),
        Column::new("line_total", Kind::Decimal),
        Column::new("stock_tracked", Kind::Boolean),
    ],
};

/// One row an event of an order or its payments, in the order of business time. `stream`, `source_partition` and `sequence`
/// say where in the log the event itself stands.
pub static ORDER_TIMELINE: TableSpec = TableSpec {
    name: "order_timeline",
    partition_key: ORDER_ID,
    clustering: &[
        Column::new("occurred_at", Kind::Timestamp),
        Column::new("stream", Kind::Text),
        Column::new("aggregate_version", Kind::Integer),
    ],
    columns: &[
        Column::new("event_type", Kind::Text),
        Column::new("recorded_at", Kind::Timestamp),
        Column::new("source_partition", Kind::Integer),
        Column::new("sequence", Kind::Integer),
        Column::new("event_id", Kind::Text),
        Column::new("actor", Kind::Text),
        Column::new("summary", Kind::Json),
    ],
};

fn project(change: &Change) -> Vec<Mutation> {
    match change {
        Change::Order(recorded) => of_order(change, recorded),
        Change::Payment(recorded) => of_payment(change, recorded),
        Change::Product(_) | Change::Stock(_) => vec![],
    }
}

fn of_order(change: &Change, recorded: &Recorded<order::Event>) -> Vec<Mutation> {
    let mut mutations = lines::rows(recorded);
    mutations.push(row(change, head::cells(recorded)));
    mutations.push(timeline::row(change, &Summary::of_order(&recorded.event)));
    mutations
}

fn of_payment(change: &Change, recorded: &Recorded<payment::Event>) -> Vec<Mutation> {
    let summary = Summary::of_payment(&recorded.event);
    vec![row(change, money::cells(recorded)), timeline::row(change, &summary)]
}

fn row(change: &Change, cells: Vec<(&'static str, Value)>) -> Mutation {
    let key = [change.key().as_ref().into()];
    Mutation::upsert(&ORDER_DETAILS, key, change.meta().aggregate_version, cells)
}

#[cfg(test)]
mod tests;
