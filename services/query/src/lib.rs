//! The read side that the services share, and the endpoints that belong to none of them: analytics.
//!
//! Also what staff asks of the projections. Reads the live generation of a read model through the ports of the stores; never
//! writes a read model, never knows an adapter.

mod admin;
mod cells;
mod daily_revenue;
mod flights;
mod hit_ratio;
mod impatient;
mod reads;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use admin::{Projections, admin_routes};
pub use cells::{Cells, part, time_text};
pub use chimera_stores::search;
pub use chimera_stores::{Cursor as StoreCursor, KvValue, Listing};
pub use daily_revenue::{DailyRevenue, RevenueOfDay};
pub use flights::Flights;
pub use hit_ratio::{HitRatio, describe_metrics};
pub use impatient::Impatient;
pub use reads::{Cached, Reads};

/// What the endpoints here need.
#[derive(Clone)]
pub struct Analytics {
    /// The read models.
    pub reads: Reads,
}

/// `/analytics/…`, to be put under the API's prefix.
pub fn routes(state: Analytics) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(daily_revenue::daily_revenue)).with_state(state)
}
