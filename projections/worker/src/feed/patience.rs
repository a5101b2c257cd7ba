//! Waiting for a store or a log that cannot answer now, and starting over from a store that has gone back.
//!
//! A store that comes back may have lost its last writes. So after every failure, and where it was not heard of for a while, its
//! checkpoint is read before anything is written: a checkpoint written above a gap would hide the gap for ever.

use std::time::Duration;

use chimera_log::ReadError;
use chimera_stores::StoreError;
use tokio::time::Instant;

use super::Feed;
use crate::backoff::Backoff;
use crate::dead_letters::Parked;
use crate::error::Halt;
use crate::projector::ProjectError;

/// How long a store is believed to be where it was; less than a restart takes.
pub(super) const BELIEVED_FOR: Duration = Duration::from_millis(500);
/// How often a feed that has nothing to do looks.
pub(super) const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(10);

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
            self.progress.wait_for_store();
            self.retry(&error.to_string(), full, backoff).await;
            match self.stored().await {
                Ok(stored) => return self.believe(stored),
                Err(again) => error = again,
            }
        }
    }

    /// Reads the checkpoint if the store was not heard of for so long.
    pub(super) async fn look_whether_gone_back(&mut self, after: Duration) -> Result<(), Ended> {
        if self.position.known_at.elapsed() < after {
            return Ok(());
        }
        match self.stored().await {
            Ok(stored) => self.believe(stored)?,
            Err(error) => self.wait_for_store(error, &mut Backoff::default()).await?,
        }
        self.position.known_at = Instant::now();
        Ok(())
    }

    fn believe(&self, stored: u64) -> Result<(), Ended> {
        let saved = self.position.saved;
        if stored < saved {
            let why = format!("its checkpoint is {stored}, and was {saved}");
            return Err(Ended::WentBack(why));
        }
        Ok(())
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
                Err(error) if crate::error::may_pass(&error) => self.progress.wait_for_store(),
                Err(source) => return Err(Halt::View { view, source }),
            }
        };
        (self.position.next, self.position.saved) = (stored + 1, stored);
        self.position.known_at = Instant::now();
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
