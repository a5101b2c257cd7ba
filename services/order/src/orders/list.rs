//! GET `/orders`: those of one customer, newest first.

use axum::Json;
use axum::extract::State;
use chimera_kit::auth::{Caller, READ_ORDERS};
use chimera_kit::cursor::{self, Page};
use chimera_kit::money::MoneyBody;
use chimera_kit::params::Params;
use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_model::Row;
use chimera_model::orders_by_customer::{MODEL, ORDERS_BY_CUSTOMER};
use chimera_query::{Cells, StoreCursor};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Orders;

/// Whose orders, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Listing {
    /// Whose; without it, the caller's own.
    #[param(example = "c-17")]
    customer_id: Option<String>,
    /// How many, 1–100; without it, 20.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// An order or credit note in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderSummary {
    order_id: String,
    /// ORDER or `CREDIT_NOTE`.
    kind: String,
    placed_at: String,
    #[schema(example = "PAID")]
    status: String,
    confirmed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<MoneyBody>,
    units: i64,
    line_count: i64,
    updated_at: String,
    version: u64,
}

/// The orders of a customer, newest first
#[utoipa::path(
    get, path = "/orders", tag = "orders", params(Listing),
    responses((status = 200, body = Page<OrderSummary>, description = "A page of them."))
)]
pub(crate) async fn list(
    State(orders): State<Orders>,
    caller: Caller,
    Params(asked): Params<Listing>,
    after: After,
) -> Result<Json<Page<OrderSummary>>, Problem> {
    let customer = asked.customer_id.unwrap_or_else(|| caller.subject.to_string());
    caller.must_be(&customer, READ_ORDERS)?;
    let list = format!("orders of {customer}");
    let limit = cursor::limit(asked.limit)?;
    let start = asked.cursor.map(|text| cursor::open(&list, &text)).transpose()?;
    let start = start.map(StoreCursor::from_bytes);
    orders.reads.caught_up(&after, &[&MODEL]).await?;
    let listing = chimera_query::Listing {
        table: &ORDERS_BY_CUSTOMER,
        partition_key: &[customer.as_str().into()],
        after: start.as_ref(),
        limit,
    };
    let page = orders.reads.list(&MODEL, listing).await?;
    let next = page.next.map(|next| cursor::seal(&list, next.as_bytes()));
    Ok(Json(Page { items: page.items.iter().filter_map(summary).collect(), next }))
}

fn summary(row: &Row) -> Option<OrderSummary> {
    let cells = Cells(row);
    Some(OrderSummary {
        order_id: cells.key_text(2),
        kind: cells.text("kind")?,
        placed_at: cells.key_time(1),
        status: cells.text("status")?,
        confirmed: cells.boolean("confirmed").unwrap_or_default(),
        total: cells.money("total", "currency"),
        units: cells.integer("units")?,
        line_count: cells.integer("line_count")?,
        updated_at: cells.time("updated_at")?,
        version: cells.integer("version")?.unsigned_abs(),
    })
}
