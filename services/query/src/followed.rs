//! How far the read models are, as the worker of this process knows it.

use std::time::Duration;

use async_trait::async_trait;
use chimera_engine::Position;
use chimera_kit::position::Applied;
use chimera_worker::Positions;
use tokio::time::Instant;

/// The positions of the worker that runs beside the services.
#[derive(Debug, Clone)]
pub struct Followed(pub Positions);

#[async_trait]
impl Applied for Followed {
    async fn wait_until(
        &self,
        model: &'static str,
        position: &Position,
        longest: Duration,
    ) -> bool {
        let deadline = Instant::now() + longest;
        let Position { partition, sequence } = position;
        self.0.wait_until(model, partition, *sequence, deadline).await.is_ok()
    }
}
