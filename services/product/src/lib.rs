//! The catalogue over REST and gRPC: products, their prices, their price history.
//!
//! A handler parses, executes and maps; the rules are the domain's, the rows are the read models'.

mod body;
mod grpc;
mod products;

use std::sync::Arc;

use chimera_domain::ids::ProductId;
use chimera_domain::product::{Command, Product};
use chimera_engine::{Receipt, Request, Router};
use chimera_kit::asked::Asked;
use chimera_kit::problem::Problem;
use chimera_query::{Flights, HitRatio, Reads};
use tokio::sync::Mutex;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use body::ProductBody;
pub use grpc::service;
use products::{id, list, new, search};

/// What the endpoints need.
#[derive(Clone)]
pub struct Products {
    commands: Router<Product>,
    reads: Reads,
    hits: Arc<HitRatio>,
    flights: Flights<Result<Option<ProductBody>, Problem>>,
    /// Held while a product is read, changed and written, so that no change is lost to another one.
    edits: Arc<[Mutex<()>]>,
}

impl Products {
    /// Products behind these shards and read models.
    #[must_use]
    pub fn new(commands: Router<Product>, reads: Reads) -> Self {
        let edits = (0..64).map(|_| Mutex::new(())).collect();
        Self { commands, reads, hits: Arc::default(), flights: Flights::default(), edits }
    }

    async fn execute(
        &self,
        product: &ProductId,
        asked: &Asked<()>,
        command: Command,
    ) -> Result<Receipt<Product>, Problem> {
        let (id, origin) = (asked.command_id(), asked.origin());
        let request = Request { key: product.as_key().clone(), command, id, origin };
        Ok(self.commands.execute(request).await?)
    }

    fn edit(&self, key: &str) -> &Mutex<()> {
        let sum: usize = key.bytes().map(usize::from).sum();
        &self.edits[sum % self.edits.len()]
    }
}

/// `/products…`, to be put under the API's prefix.
pub fn routes(state: Products) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(new::create, list::list))
        .routes(routes!(search::search))
        .routes(routes!(id::get::get, id::patch::patch, id::discontinue::discontinue))
        .routes(routes!(id::relist::relist))
        .routes(routes!(id::price::change_price))
        .routes(routes!(id::price_history::price_history))
        .with_state(state)
}
