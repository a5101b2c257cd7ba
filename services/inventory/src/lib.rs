//! Stock over REST: what is on hand, and its adjustments.
//!
//! A handler parses, executes and maps; the rules are the domain's, the numbers are the read model's.

mod inventory;

use chimera_domain::stock::Stock;
use chimera_engine::Router;
use chimera_query::Reads;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use inventory::product_id::{adjustments, get};

/// What the endpoints need.
#[derive(Clone)]
pub struct Inventory {
    /// The shards of the stocks.
    pub commands: Router<Stock>,
    /// The read models.
    pub reads: Reads,
}

/// `/inventory…`, to be put under the API's prefix.
pub fn routes(state: Inventory) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(get::get))
        .routes(routes!(adjustments::adjust))
        .with_state(state)
}
