//! What a verification stands on: the log, the stores that are examined, and scratch stores to rebuild into.

use std::time::Duration;

use chimera_model::ReadModel;
use chimera_stores::View;
use chimera_worker::{DeadLetters, Feeder, Limits, Stores};

use crate::data::{Applied, LIMITS, Positions};
use crate::failure::Failure;
use crate::open_log::OpenLog;

/// How long after it was written an event may become known to a reader of a log elsewhere.
const PATIENCE: Duration = Duration::from_secs(10);
const ASK_EVERY: Duration = Duration::from_millis(50);

/// The log and the stores. Shared by all read models.
pub(super) struct Ground {
    pub(super) log: OpenLog,
    /// The stores that are examined.
    pub(super) examined: Stores,
    /// Empty at first.
    pub(super) scratch: Stores,
    /// How long the end of the log may be behind what the stores hold.
    pub(super) patience: Duration,
}

impl Ground {
    pub(super) fn new(log: OpenLog, examined: Stores, scratch: Stores) -> Self {
        let patience = if log.embedded.is_some() { Duration::ZERO } else { PATIENCE };
        Self { log, examined, scratch, patience }
    }

    /// Feeds these stores from the log.
    pub(super) fn feeder_of(&self, stores: Stores, limits: Limits) -> Result<Feeder, Failure> {
        let feeder = Feeder::new(self.log.log.clone(), stores, limits).map_err(Failure::failed)?;
        Ok(feeder.with_decoder(self.log.decoder.clone()))
    }

    /// How far the stores that are examined have applied a view, and where the log ends, at least there.
    pub(super) async fn positions(
        &self,
        model: &ReadModel,
        view: View,
    ) -> Result<(Applied, Positions), Failure> {
        let applied = Applied::of(&self.examined, model, view).await?;
        let deadline = tokio::time::Instant::now() + self.patience;
        loop {
            let ends = self.log.ends(&model.streams())?;
            if super::parts::is_within(&applied, &ends) || tokio::time::Instant::now() >= deadline {
                return Ok((applied, ends));
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// What waits among the dead letters of a view, or was dropped from them, is left out on both sides. How much waits.
    pub(super) async fn leave_out(
        &self,
        model: &'static ReadModel,
        view: View,
        scratch: u32,
    ) -> Result<u64, Failure> {
        let aside = View::new(model.name, scratch);
        let (from, to) = (self.letters(&self.examined)?, self.letters(&self.scratch)?);
        let copied = from.copy((model, view), &to, aside).await;
        copied.map_err(Failure::failed)
    }

    fn letters(&self, stores: &Stores) -> Result<DeadLetters, Failure> {
        Ok(self.feeder_of(stores.clone(), LIMITS)?.dead_letters())
    }
}
