//! How long a store that does not answer in the middle of a comparison is asked again: a long scan meets a pause of its store sooner or
//! later, and what was read until then is worth waiting for.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::StoreError;

/// From the first failure of a series.
const PATIENCE: Duration = Duration::from_secs(30);
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// The waits between the attempts of one request.
pub(super) struct Patience {
    until: Option<Instant>,
    pause: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { until: None, pause: FIRST }
    }

    /// Waits for the next attempt.
    ///
    /// # Errors
    /// The error itself, if it may not go away or has not for long enough.
    pub(super) async fn after(&mut self, error: StoreError) -> Result<(), StoreError> {
        let may_pass = matches!(error, StoreError::Transient(_) | StoreError::Saturated(_));
        let until = *self.until.get_or_insert_with(|| Instant::now() + PATIENCE);
        if !may_pass || Instant::now() >= until {
            return Err(error);
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_waited_for_and_not_for_ever() {
        let (mut patience, begun) = (Patience::new(), Instant::now());
        let away = StoreError::Transient("a pause".to_owned());
        while patience.after(away.clone()).await.is_ok() {}
        assert!(begun.elapsed() >= PATIENCE && begun.elapsed() < PATIENCE + 2 * LONGEST);
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_not_pass_is_not_waited_for() {
        let begun = Instant::now();
        let damaged = StoreError::Fatal("damaged".to_owned());
        assert_eq!(Patience::new().after(damaged.clone()).await, Err(damaged));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
