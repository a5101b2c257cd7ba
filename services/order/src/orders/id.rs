//! `/orders/{id}`: one order, what happened to it, and what can be done with it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use chimera_domain::aggregate::Refusal;
use chimera_domain::ids::OrderId;
use chimera_domain::order::{Command, Rejection};
use chimera_engine::{Position, Request};
use chimera_kit::asked::Asked;
use chimera_kit::auth::{Caller, READ_ORDERS};
use chimera_kit::position::header_of;
use chimera_kit::problem::Problem;
use chimera_model::Row;
use chimera_model::order_details::{MODEL, ORDER_DETAILS};
use chimera_query::Cells;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Orders;
use crate::problems::problem;

pub(crate) mod cancel;
pub(crate) mod deliver;
pub(crate) mod events;
pub(crate) mod get;
pub(crate) mod pay;
pub(crate) mod returns;
pub(crate) mod ship;
pub(crate) mod timeline;

/// A command was honoured.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderChanged {
    pub order_id: String,
    /// Where it stands now.
    #[schema(example = "SHIPPED")]
    pub status: String,
    /// How many events made it.
    pub version: u64,
}

/// How an order stands after a command, and the position that shows it.
pub(crate) struct Stands {
    pub body: OrderChanged,
    pub position: Position,
}

impl IntoResponse for Stands {
    fn into_response(self) -> Response {
        ([header_of(&self.position)], Json(self.body)).into_response()
    }
}

impl Orders {
    /// Sends a command and answers how the order stands after it.
    async fn change(
        &self,
        order: &OrderId,
        asked: &Asked<()>,
        command: Command,
    ) -> Result<Stands, Problem> {
        self.execute(order, asked, command).await?;
        let current = self.commands.read(order.as_key()).await.map_err(problem)?;
        let status = current.state.placed().map(|placed| placed.head.status.to_string());
        let body = OrderChanged {
            order_id: order.to_string(),
            status: status.unwrap_or_default(),
            version: current.version,
        };
        Ok(Stands { body, position: current.position })
    }

    /// Sends a command; whether anything happened.
    pub(crate) async fn execute(
        &self,
        order: &OrderId,
        asked: &Asked<()>,
        command: Command,
    ) -> Result<bool, Problem> {
        let key = order.as_key().clone();
        let request = Request { key, command, id: asked.command_id(), origin: asked.origin() };
        let receipt = self.commands.execute(request).await.map_err(problem)?;
        Ok(!receipt.events.is_empty())
    }

    /// The order's row, if the caller may see it.
    async fn visible(&self, order: &OrderId, caller: &Caller) -> Result<Row, Problem> {
        let key = [order.as_key().as_ref().into()];
        let row = self.reads.row(&MODEL, &ORDER_DETAILS, key).await?.ok_or_else(not_found)?;
        let customer = Cells(&row).text("customer_id").ok_or_else(not_found)?;
        caller.must_be(&customer, READ_ORDERS)?;
        Ok(row)
    }
}

pub(crate) fn not_found() -> Problem {
    debug_assert_eq!(Rejection::NotFound.code(), "order.not_found");
    Problem::refused(&Rejection::NotFound)
}
