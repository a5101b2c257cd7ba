//! Stock over REST and gRPC: what is on hand, its adjustments, and what orders hold of it.
//!
//! A handler parses, executes and maps; the rules are the domain's, the numbers are the read model's.

mod grpc;
mod inventory;

use chimera_domain::ids::ProductId;
use chimera_domain::stock::{Command, Stock};
use chimera_engine::{Failure, Receipt, Request, Router};
use chimera_kit::asked::Asked;
use chimera_kit::metric_names::INVENTORY_RESERVATION_FAILURES_TOTAL;
use chimera_kit::problem::Problem;
use chimera_query::{Flights, Reads};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use grpc::service;
use inventory::product_id::get::StockBody;
use inventory::product_id::{adjustments, get};

/// What the endpoints need.
#[derive(Clone)]
pub struct Inventory {
    commands: Router<Stock>,
    reads: Reads,
    flights: Flights<Result<Option<StockBody>, Problem>>,
}

impl Inventory {
    /// Stock behind these shards and read models.
    #[must_use]
    pub fn new(commands: Router<Stock>, reads: Reads) -> Self {
        Self { commands, reads, flights: Flights::default() }
    }

    /// Sends a command, and counts a reservation that is refused.
    async fn execute(
        &self,
        product: &ProductId,
        asked: &Asked<()>,
        command: Command,
    ) -> Result<Receipt<Stock>, Problem> {
        let reserves = matches!(command, Command::Reserve { .. });
        let (id, origin) = (asked.command_id(), asked.origin());
        let request = Request { key: product.as_key().clone(), command, id, origin };
        let answer = self.commands.execute(request).await;
        if reserves && matches!(answer, Err(Failure::Refused(_))) {
            metrics::counter!(INVENTORY_RESERVATION_FAILURES_TOTAL).increment(1);
        }
        Ok(answer?)
    }
}

/// `/inventory…`, to be put under the API's prefix.
pub fn routes(state: Inventory) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(get::get))
        .routes(routes!(adjustments::adjust))
        .with_state(state)
}
