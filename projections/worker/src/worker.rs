//! The live worker: keeps the live generation of every read model at the tail of the log, and follows a swap.
//!
//! A view that is missing is made and fed from the first event. One read model that stops leaves the others running. Never
//! chooses a generation but the very first.

use std::sync::Arc;
use std::time::Duration;

use chimera_model::ReadModel;
use chimera_stores::{Generations, View};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::error::{Halt, may_pass};
use crate::feeder::{Feeder, all_ended};
use crate::positions::Positions;
use crate::target::Target;

/// How often it is asked which generation is live.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// The feeds of one view.
type Feeds = JoinSet<Result<(), Halt>>;

/// Keeps read models at the tail of the log.
#[derive(Clone)]
pub struct Worker {
    feeder: Feeder,
    generations: Arc<dyn Generations>,
    positions: Positions,
}

impl Worker {
    /// A worker that feeds what `generations` says is live.
    #[must_use]
    pub fn new(feeder: Feeder, generations: Arc<dyn Generations>) -> Self {
        Self { feeder, generations, positions: Positions::default() }
    }

    /// Where each read model stands; shared with the worker.
    #[must_use]
    pub fn positions(&self) -> Positions {
        self.positions.clone()
    }

    /// Keeps one read model at the tail, until the log is closed or something is wrong that only a person can put right: then
    /// [`Positions::halted`] says what. May be dropped at any time.
    ///
    /// # Errors
    /// See [`Halt`].
    pub async fn run(&self, model: &'static ReadModel) -> Result<(), Halt> {
        let ended = self.follow(model).await;
        match ended {
            Err(halt) if halt.is_end_of_log() => Ok(()),
            Err(halt) => {
                tracing::error!(model = model.name, error = %halt, "the read model has stopped");
                self.positions.halt(model.name, &halt.to_string());
                Err(halt)
            }
            Ok(()) => Ok(()),
        }
    }

    async fn follow(&self, model: &'static ReadModel) -> Result<(), Halt> {
        loop {
            let generation = self.live_generation(model).await?;
            let target = self.feeder.target(model, generation);
            let mut tasks = self.started(&target).await?;
            let swapped = tokio::select! {
                ended = all_ended(&target, &mut tasks) => Some(ended),
                () = self.swapped(&target) => None,
            };
            tasks.shutdown().await;
            match swapped {
                // A generation that is no longer live may be gone already.
                Some(Err(_)) if self.live_generation(model).await? != generation => {}
                Some(ended) => return ended,
                None => {}
            }
        }
    }

    /// The view, made where it is missing and fed from where it stands. A store or a log that cannot answer now is asked again.
    async fn started(&self, target: &Target) -> Result<Feeds, Halt> {
        let mut backoff = Backoff::default();
        loop {
            match self.start(target).await {
                Err(halt) if halt.may_pass() => {
                    if backoff.failures() == 0 {
                        tracing::warn!(error = %halt, "trying again until it works");
                    }
                    backoff.wait(false).await;
                }
                started => return started,
            }
        }
    }

    async fn start(&self, target: &Target) -> Result<Feeds, Halt> {
        let created = target.create().await;
        created.map_err(|source| Halt::View { view: target.view(), source })?;
        let legs = self.feeder.legs(target, |_| None).await?;
        self.feeder.start(target, &legs, &self.positions)
    }

    /// Which generation to feed; the first one where there is none.
    async fn live_generation(&self, model: &'static ReadModel) -> Result<u32, Halt> {
        let mut backoff = Backoff::default();
        loop {
            let live = match self.generations.live_generation(model.name).await {
                Ok(Some(generation)) => return Ok(generation),
                Ok(None) => self.generations.set_live(model.name, 1).await,
                Err(error) => Err(error),
            };
            match live {
                Ok(()) => {}
                Err(error) if may_pass(&error) => backoff.wait(false).await,
                Err(source) => return Err(Halt::View { view: View::new(model.name, 1), source }),
            }
        }
    }

    /// Ends when another generation than the target's has become live.
    async fn swapped(&self, target: &Target) {
        let View { model, generation } = target.view();
        loop {
            sleep(FOLLOW_EVERY).await;
            let live = self.generations.live_generation(model).await;
            if matches!(live, Ok(Some(live)) if live != generation) {
                return;
            }
        }
    }
}
