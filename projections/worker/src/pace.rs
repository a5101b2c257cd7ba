//! At most so many events a second, over all feeds that share it. Holds nothing back that was not read yet.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A common speed limit.
#[derive(Debug)]
pub struct Pace {
    events_per_second: f64,
    /// When the events let through so far are paid for.
    free_at: Mutex<Option<Instant>>,
}

impl Pace {
    /// `events_per_second` of 0 is taken for 1.
    #[must_use]
    pub fn new(events_per_second: u32) -> Self {
        let events_per_second = f64::from(events_per_second.max(1));
        Self { events_per_second, free_at: Mutex::default() }
    }

    /// Waits until all that was let through is paid for.
    pub(crate) async fn wait(&self) {
        let free_at = *self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(free_at) = free_at {
            sleep_until(free_at).await;
        }
    }

    /// So many events are let through.
    pub(crate) fn take(&self, events: usize) {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let from = free_at.map_or(now, |free_at| free_at.max(now));
        #[expect(clippy::cast_precision_loss, reason = "batches are far below 2⁵³ events")]
        let seconds = events as f64 / self.events_per_second;
        *free_at = Some(from + Duration::from_secs_f64(seconds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_let_through_is_paid_for_in_time() {
        let (pace, started) = (Pace::new(100), Instant::now());
        for _ in 0..10 {
            pace.wait().await;
            pace.take(50);
        }
        pace.wait().await;
        let passed = started.elapsed();
        assert!(
            passed >= Duration::from_secs(5) && passed < Duration::from_millis(5_100),
            "{passed:?}"
        );
    }
}
