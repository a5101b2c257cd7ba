//! Waiting for a store or a log that cannot answer now, and starting over from a store that has gone back.
//!
//! A store that comes back may have lost its last writes. So after every failure its checkpoint is read before anything is
//! written: a checkpoint written above a gap would hide the gap for ever.

use chimera_log::ReadError;
use chimera_stores::StoreError;

use super::Feed;
use crate::backoff::Backoff;
use crate::dead_letters::Parked;
use crate::error::Halt;
use crate::projector::ProjectError;

/// Why a feed does not just go on.
pub(super) enum Ended {
    /// A person has to look.
    Halt(Box<Halt>),
    /// The stores hold less than was confirmed: start again from where they stand.
    WentBack(String),
}

impl From<Halt> for Ended {
    fn from(halt: Halt) -> Self {
        Self::Halt(Box::new(halt))
    }
}

impl Feed {
    /// Waits for what may pass, and looks whether the stores still are where they were.
    pub(super) async fn wait_for_store(
        &self,
        mut error: StoreError,
        backoff: &mut Backoff,
    ) -> Result<(), Ended> {
        loop {
            let full = match error {
                StoreError::Transient(_) => false,
                StoreError::Saturated(_) => true,
                StoreError::WentBack(why) => return Err(Ended::WentBack(why)),
                StoreError::Rejected(_) | StoreError::Fatal(_) => return Err(self.halt(error)),
            };
            self.retry(&error.to_string(), full, backoff).await;
            match self.stored().await {
                Ok(stored) if stored < self.position.saved => {
                    let saved = self.position.saved;
                    let why = format!("its checkpoint is {stored}, and was {saved}");
                    return Err(Ended::WentBack(why));
                }
                Ok(_) => return Ok(()),
                Err(again) => error = again,
            }
        }
    }

    pub(super) async fn wait_to_project(
        &self,
        error: ProjectError,
        backoff: &mut Backoff,
    ) -> Result<(), Ended> {
        match error {
            ProjectError::Store(error) => self.wait_for_store(error, backoff).await,
            ProjectError::Schema(error) => {
                self.retry(&error.to_string(), false, backoff).await;
                Ok(())
            }
        }
    }

    pub(super) async fn wait_for_log(
        &self,
        error: ReadError,
        backoff: &mut Backoff,
    ) -> Result<(), Ended> {
        match error {
            ReadError::Unavailable { .. } => {
                self.retry(&error.to_string(), false, backoff).await;
                Ok(())
            }
            ReadError::UnknownPartition(_) | ReadError::Corrupt { .. } | ReadError::Closed => {
                Err(Halt::of_log(self.target.view(), error).into())
            }
        }
    }

    /// Goes to where the stores stand; everything known of them is forgotten.
    pub(super) async fn go_back(&mut self, why: &str, backoff: &mut Backoff) -> Result<(), Halt> {
        let (view, partition) = (self.target.view(), &self.partition);
        tracing::warn!(%view, %partition, why, "the store went back; starting again from where it stands");
        self.meters.retries.increment(1);
        let stored = loop {
            backoff.wait(false).await;
            match self.stored().await {
                Ok(stored) => break stored,
                Err(error) if crate::error::may_pass(&error) => {}
                Err(source) => return Err(Halt::View { view, source }),
            }
        };
        (self.position.next, self.position.saved) = (stored + 1, stored);
        self.letters.parked = Parked::default();
        self.projector.forget();
        self.progress.restart(stored);
        Ok(())
    }

    pub(super) fn halt(&self, source: StoreError) -> Ended {
        let (view, partition) = (self.target.view(), self.partition.clone());
        Halt::Store { view, partition, applied: self.applied(), source }.into()
    }

    /// Up to where the stores hold this partition.
    async fn stored(&self) -> Result<u64, StoreError> {
        let applied = self.target.applied().await?;
        Ok(applied.get(&self.partition).copied().unwrap_or(0))
    }

    async fn retry(&self, error: &str, full: bool, backoff: &mut Backoff) {
        if backoff.failures() == 0 {
            let (view, partition) = (self.target.view(), &self.partition);
            tracing::warn!(%view, %partition, error, "trying again until it works");
        }
        self.meters.retries.increment(1);
        backoff.wait(full).await;
    }
}
