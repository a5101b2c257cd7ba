//! What the shop as a whole can be asked: how much is in the log, whether everything has come to rest, what it earned.

use std::time::Duration;

use chimera_domain::money::{Amount, Currency};
use chimera_kit::position::Applied;
use chimera_log::Partition;
use chimera_model::Value;
use chimera_model::daily_revenue::{DAILY_REVENUE, MODEL};
use chimera_query::{Impatient, Reads};
use chimera_wiring::STREAMS;
use std::sync::Arc;

use super::Shop;
use super::applied::AppliedPositions;

/// Between two looks where one has failed at once.
const PAUSE: Duration = Duration::from_millis(20);

impl Shop {
    /// How many events the log holds.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.ends().iter().map(|(_, last)| last).sum()
    }

    /// The last sequence of every partition; one of which the log cannot say it is left out.
    fn ends(&self) -> Vec<(Partition, u64)> {
        let mut ends = Vec::new();
        for stream in STREAMS {
            for index in 0..self.partitions {
                let partition = Partition::new(stream, index);
                match self.log.high_watermark(&partition) {
                    Ok(watermark) => ends.push((partition, *watermark.borrow())),
                    Err(error) => tracing::warn!(%error, "a partition does not say where it ends"),
                }
            }
        }
        ends
    }

    /// The read side, for services and reports.
    #[must_use]
    pub fn reads(&self) -> Reads {
        let applied: Arc<dyn Applied> = Arc::new(AppliedPositions(self.positions.clone()));
        Reads {
            rows: self.stores.rows(),
            kv: Arc::new(Impatient::new(self.stores.kv())),
            search: self.stores.search(),
            generations: self.stores.live(),
            applied,
        }
    }

    /// Waits until the price table holds everything that is in the log now.
    pub async fn prices_known(&self) {
        while !self.prices.caught_up(Duration::from_secs(1)).await {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until no process adds anything to the log any more and every read model has applied all of it.
    ///
    /// Processes feed each other through the log, so all are asked again until the log has not grown meanwhile.
    pub async fn at_rest(&self) {
        loop {
            let events = self.events();
            for (partition, last) in self.ends() {
                self.settled.reached(&partition, last).await;
                self.projected(&partition, last).await;
            }
            if self.events() == events {
                return;
            }
        }
    }

    async fn projected(&self, partition: &Partition, sequence: u64) {
        for model in chimera_model::ALL {
            let mut deadline = tokio::time::Instant::now() + Duration::from_secs(1);
            while self.positions.halted(model.name).is_none()
                && self
                    .positions
                    .wait_until(model.name, partition, sequence, deadline)
                    .await
                    .is_err()
            {
                tokio::time::sleep(PAUSE).await;
                deadline = tokio::time::Instant::now() + Duration::from_secs(1);
            }
        }
    }

    /// Everything sold less everything credited, over all days, as `daily_revenue` says.
    pub async fn net_revenue(&self, currency: Currency) -> Amount {
        let key = [Value::Text(currency.as_str().to_owned())];
        let rows = match self.reads().all(&MODEL, &DAILY_REVENUE, &key).await {
            Ok(rows) => rows,
            Err(problem) => {
                tracing::error!(?problem, "daily_revenue cannot be read");
                return Amount::ZERO;
            }
        };
        let mut net = Amount::ZERO;
        for row in &rows {
            if let Some(Value::Decimal(amount)) = row.cells.get("net") {
                net = net.plus(*amount).unwrap_or(net);
            }
        }
        net
    }
}
