//! The worker's positions as the services ask for them.

use std::time::Duration;

use async_trait::async_trait;
use chimera_engine::Position;
use chimera_kit::position::Applied;
use chimera_worker::Positions;

/// What the worker of this process has applied.
pub(super) struct AppliedPositions(pub(super) Positions);

#[async_trait]
impl Applied for AppliedPositions {
    async fn wait_until(
        &self,
        model: &'static str,
        position: &Position,
        longest: Duration,
    ) -> bool {
        let deadline = tokio::time::Instant::now() + longest;
        let waited = self.0.wait_until(model, &position.partition, position.sequence, deadline);
        waited.await.is_ok()
    }
}
