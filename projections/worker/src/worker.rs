//! The live worker: keeps the live generation of every read model at the tail of the log, and follows a swap.
//!
//! A view that is missing is made and fed from the first event. One read model that stops leaves the others running. Where the
//! stores are shared, so is the work: each read model's partitions are spread over the processes that take part. Never chooses
//! a generation.

use std::pin::{Pin, pin};
use std::sync::Arc;

use chimera_log::Share;
use chimera_model::ReadModel;
use chimera_stores::{FIRST, Generations, View};
use tokio::task::spawn_blocking;

use crate::backoff::Backoff;
use crate::crew::{Crew, again};
use crate::elsewhere::Elsewhere;
use crate::error::Halt;
use crate::feeder::Feeder;
use crate::positions::Positions;

/// Keeps read models at the tail of the log.
#[derive(Clone)]
pub struct Worker {
    feeder: Feeder,
    generations: Generations,
    positions: Positions,
    is_shared: bool,
}

/// How following one generation ended.
enum Ended {
    /// Another one is live.
    Swapped,
    /// It was told to.
    Stopped,
    /// Something is wrong.
    Halted(Halt),
}

impl Worker {
    /// A worker that feeds what `generations` says is live, from every partition: the stores are this process's own.
    #[must_use]
    pub fn new(feeder: Feeder, generations: Generations) -> Self {
        Self { feeder, generations, positions: Positions::default(), is_shared: false }
    }

    /// The worker of one of several processes that write to the same stores and share the partitions of each read model, as
    /// [`EventLog::share`](chimera_log::EventLog::share) gives them. Its feeder should have [`Limits::SHARED`](crate::Limits::SHARED).
    #[must_use]
    pub fn shared(self) -> Self {
        let elsewhere = Elsewhere::new(self.feeder.clone(), self.generations.clone());
        let positions = self.positions.shared(elsewhere);
        Self { positions, is_shared: true, ..self }
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
        self.run_until(model, std::future::pending()).await
    }

    /// As [`Worker::run`] until `stop` is ready; then saves how far it has come and gives its partitions to the others.
    ///
    /// # Errors
    /// See [`Halt`].
    pub async fn run_until(
        &self,
        model: &'static ReadModel,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Halt> {
        let ended = self.follow(model, pin!(stop)).await;
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

    async fn follow(
        &self,
        model: &'static ReadModel,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), Halt> {
        let share = tokio::select! {
            share = self.take_part(model) => share?,
            () = &mut stop => return Ok(()),
        };
        let ended = self.lead(model, &share, stop).await;
        // A process that cannot feed keeps no partition from one that can.
        let _ = spawn_blocking(move || share.leave()).await;
        ended
    }

    /// The share of this process in feeding a model. One group for all generations, so that nobody waits for a group at a swap.
    async fn take_part(&self, model: &'static ReadModel) -> Result<Arc<dyn Share>, Halt> {
        let group = format!("projection.{}", model.name);
        let mut backoff = Backoff::default();
        loop {
            let share = if self.is_shared {
                self.feeder.log().share(&group, &model.streams())
            } else {
                self.feeder.whole(model)
            };
            match share {
                Ok(share) => return Ok(share),
                Err(source) => {
                    again(Halt::of_log(View::new(model.name, FIRST), source), &mut backoff).await?;
                }
            }
        }
    }

    /// Follows one generation after the other.
    async fn lead(
        &self,
        model: &'static ReadModel,
        share: &Arc<dyn Share>,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), Halt> {
        loop {
            let generation = self.live_generation(model)?;
            let target = self.feeder.target(model, generation);
            let (feeder, positions) = (self.feeder.clone(), self.positions.clone());
            let mut crew = Crew::new(feeder, target.clone(), positions, Arc::clone(share));
            let ended = tokio::select! {
                halt = crew.keep() => Ended::Halted(halt),
                () = self.generations.switched(model.name, generation) => Ended::Swapped,
                () = &mut stop => Ended::Stopped,
            };
            if matches!(ended, Ended::Stopped) {
                return crew.hand_over().await;
            }
            crew.dismiss().await;
            if let Ended::Halted(halt) = ended
                // A generation that is no longer live may be gone already.
                && (halt.is_end_of_log() || self.live_generation(model)? == generation)
            {
                return Err(halt);
            }
        }
    }

    /// Which generation to feed.
    fn live_generation(&self, model: &'static ReadModel) -> Result<u32, Halt> {
        let live = self.generations.live_generation(model.name);
        live.map_err(|source| Halt::View { view: View::new(model.name, FIRST), source })
    }
}
