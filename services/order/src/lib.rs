//! Orders over REST and gRPC, and the process that fulfils them.
//!
//! A handler parses, executes and maps; the rules are the domain's, the rows are the read models', history is the log's.

mod body;
mod charges;
mod fulfilment_process;
mod grpc;
mod history;
mod order_id;
mod orders;
mod outcome;
mod prices;
mod problems;
mod token;
mod watch;

use std::sync::Arc;

use chimera_domain::money::{Amount, Currency};
use chimera_domain::order::{Asker, Order};
use chimera_engine::Router;
use chimera_kit::auth::{Caller, WRITE_ORDERS};
use chimera_kit::codes;
use chimera_kit::problem::Problem;
use chimera_query::Reads;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use fulfilment_process::Fulfilment;
pub use grpc::service;
pub use history::History;
pub use prices::Prices;

use orders::id::{cancel, deliver, events, get, pay, returns, ship, timeline};
use orders::{list, new};

/// What the endpoints need.
#[derive(Clone)]
pub struct Orders {
    /// The shards of the orders.
    pub commands: Router<Order>,
    /// The node's table of prices.
    pub prices: Arc<Prices>,
    /// The read models.
    pub reads: Reads,
    /// What the log knows of orders.
    pub history: History,
    /// The terms of the shop.
    pub terms: Terms,
}

/// The terms of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long an order may stay unpaid, in microseconds.
    pub payment_window: i64,
    /// Of orders that name none.
    pub currency: Currency,
    /// Put on the lines, in percent.
    pub tax_percent: Amount,
    /// Put on every order, in its currency.
    pub shipping_fee: Amount,
}

/// `/orders…`, to be put under the API's prefix.
pub fn routes(state: Orders) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(new::place, list::list))
        .routes(routes!(get::get))
        .routes(routes!(events::events))
        .routes(routes!(timeline::timeline))
        .routes(routes!(pay::pay))
        .routes(routes!(cancel::cancel))
        .routes(routes!(ship::ship))
        .routes(routes!(deliver::deliver))
        .routes(routes!(returns::request_return))
        .routes(routes!(returns::decision::decide))
        .with_state(state)
}

/// As whom the rules shall see a caller.
fn asker(caller: &Caller) -> Result<Asker, Problem> {
    if caller.has(WRITE_ORDERS) {
        return Ok(Asker::Staff);
    }
    let customer = (&*caller.subject).try_into();
    customer
        .map(Asker::Customer)
        .map_err(|_| Problem::new(codes::AUTH_NOT_YOURS, "the token's subject is no customer"))
}
