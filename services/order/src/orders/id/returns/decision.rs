//! POST `/orders/{id}/returns/{decision}`.

use axum::extract::{Path, State};
use chimera_domain::ids::OrderId;
use chimera_domain::order::Command;
use chimera_kit::asked::Asked;
use chimera_kit::auth::WRITE_ORDERS;
use chimera_kit::codes;
use chimera_kit::params::Id;
use chimera_kit::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Orders;
use crate::orders::id::{OrderChanged, Stands};
use crate::problems::text;

/// Why it is not taken back; not needed to accept.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Deciding {
    /// 1–500 characters.
    #[schema(example = "the book has been written in")]
    pub reason: Option<String>,
}

/// Accept or reject a return
#[utoipa::path(
    post, path = "/orders/{id}/returns/{decision}", tag = "orders", request_body = Option<Deciding>,
    params(
        ("id" = String, Path, description = "The order's id."),
        ("decision" = String, Path, description = "`accept` or `reject`.", example = "accept"),
    ),
    responses(
        (status = 200, body = OrderChanged, description = "Accepted: stock and money go back. Rejected: it stays fulfilled."),
        (status = 404, description = "`order.not_found`"),
        (status = 409, description = "`order.wrong_status`"),
    )
)]
pub(crate) async fn decide(
    State(orders): State<Orders>,
    Id(order): Id<OrderId>,
    path: Path<(String, String)>,
    asked: Asked<Deciding>,
) -> Result<Stands, Problem> {
    orders.decide_return(&order, &path.1, asked).await
}

impl Orders {
    /// Accepts or rejects a return.
    pub(crate) async fn decide_return(
        &self,
        order: &OrderId,
        decision: &str,
        asked: Asked<Deciding>,
    ) -> Result<Stands, Problem> {
        asked.caller.must_have(WRITE_ORDERS)?;
        let (Deciding { reason }, asked) = asked.split();
        self.change(order, &asked, command(decision, reason)?).await
    }
}

fn command(decision: &str, reason: Option<String>) -> Result<Command, Problem> {
    match decision {
        "accept" => Ok(Command::AcceptReturn),
        "reject" => {
            let reason = text("reason", reason.unwrap_or_default(), 500)?;
            Ok(Command::RejectReturn { reason })
        }
        _ => {
            let detail = "decide with accept or reject";
            Err(Problem::new(codes::REQUEST_BAD_PARAMETER, detail).at("decision"))
        }
    }
}
