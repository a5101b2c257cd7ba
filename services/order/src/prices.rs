//! The node's table of prices, folded from the product stream; prices never come from the client.

use std::time::Duration;

use chimera_domain::ids::ProductId;
use chimera_domain::product::{Event, Offer};
use chimera_engine::GlobalTable;
use tokio::time::Instant;

/// Offers by product id: a table folded with [`Offer::after`].
pub type Prices = GlobalTable<Event, Offer>;

/// How long an order waits, over all its lines, for products that the table does not know.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The offer for a product. One that is unknown may have been created a moment ago: looks again once the table has caught up.
pub(crate) async fn offer(
    prices: &Prices,
    product: &ProductId,
    deadline: Instant,
) -> Option<Offer> {
    if let Some(offer) = prices.get(product.as_key()) {
        return Some(offer);
    }
    let left = deadline.saturating_duration_since(Instant::now());
    prices.caught_up_for(product.as_key(), left).await;
    prices.get(product.as_key())
}
