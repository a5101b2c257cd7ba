//! How long to wait before the next attempt: twice as long each time, up to a bound, never in step with others.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(20);
const FIRST_WHEN_FULL: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// The waits of one series of failures.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Waits for the next attempt; `full` where slowing down is what the other side asks for.
    pub(crate) async fn wait(&mut self, full: bool) {
        tokio::time::sleep(jittered(self.next(full))).await;
    }

    /// How many attempts have failed.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    fn next(&mut self, full: bool) -> Duration {
        let first = if full { FIRST_WHEN_FULL } else { FIRST };
        let factor = 1_u32 << self.failures.min(10);
        self.failures = self.failures.saturating_add(1);
        first.saturating_mul(factor).min(LONGEST)
    }
}

/// Between half and all of it.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8) % 512;
    let half = wait / 2;
    half + half * u32::try_from(random).unwrap_or(0) / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(false), FIRST);
        assert_eq!(backoff.next(false), FIRST * 2);
        for _ in 0..40 {
            backoff.next(true);
        }
        assert_eq!(backoff.next(true), LONGEST);
    }

    #[test]
    fn jitter_never_waits_longer_nor_less_than_half() {
        for _ in 0..1000 {
            let wait = jittered(LONGEST);
            assert!(LONGEST / 2 <= wait && wait <= LONGEST);
        }
    }
}
