//! The node's table of prices, folded from the product stream; prices never come from the client.

use std::time::Duration;

use chimera_domain::ids::ProductId;
use chimera_domain::product::{Event, Offer};
use chimera_engine::GlobalTable;
use chimera_kit::codes;
use chimera_kit::problem::Problem;
use tokio::time::Instant;

/// Offers by product id: a table folded with [`Offer::after`].
pub type Prices = GlobalTable<Event, Offer>;

/// How long an order waits, over all its lines, for the table to catch up with the catalogue.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The offer for a product, never an older one than the catalogue's when it was asked for.
///
/// # Errors
/// `read.not_caught_up` if the table is still behind at the deadline.
pub(crate) async fn offer(
    prices: &Prices,
    product: &ProductId,
    deadline: Instant,
) -> Result<Option<Offer>, Problem> {
    let left = deadline.saturating_duration_since(Instant::now());
    if !prices.caught_up_for(product.as_key(), left).await {
        let detail = "the prices of this node are behind the catalogue; try again shortly";
        return Err(Problem::new(codes::READ_NOT_CAUGHT_UP, detail));
    }
    Ok(prices.get(product.as_key()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chimera_codec::StreamCodec;
    use chimera_domain::aggregate::Aggregate;
    use chimera_domain::product::Product;
    use chimera_log::{Batch, Entry, EventLog, MemoryLog, Partition, StreamSpec};

    use super::*;

    #[tokio::test]
    async fn a_price_table_that_stays_behind_is_said_to_be() {
        let log = MemoryLog::new();
        let spec = StreamSpec { name: Product::STREAM.into(), partitions: 1 };
        log.ensure_streams(&[spec]).unwrap();
        let log: Arc<dyn EventLog> = Arc::new(log);
        let codec = StreamCodec::bundled(Product::STREAM).unwrap();
        let prices = Prices::new(Product::STREAM, Arc::clone(&log), codec, 1, Offer::after);
        let product = ProductId::try_from("P-1").unwrap();
        let deadline = Instant::now() + Duration::from_millis(50);
        assert_eq!(offer(&prices, &product, deadline).await, Ok(None));
        let entry = Entry {
            key: "P-1".into(),
            event_type: Product::STREAM.into(),
            traceparent: None,
            value: vec![],
        };
        let mut batch = Batch::default();
        batch.push_command([entry]);
        log.claim(&Partition::new(Product::STREAM, 0)).unwrap().append(batch).unwrap();
        let problem = offer(&prices, &product, deadline).await.unwrap_err();
        assert_eq!(problem.code(), "read.not_caught_up");
    }
}
