//! Asking again while there is no answer. Gives up at once on every other error: asking again would not change it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::RegistryError;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The answer, or the last error once `patience` is over.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, RegistryError>>>(
    patience: Duration,
    mut ask: impl FnMut() -> F,
) -> Result<T, RegistryError> {
    let deadline = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match ask().await {
            Err(error @ RegistryError::Unavailable { .. }) => error,
            other => return other,
        };
        if Instant::now() + pause > deadline {
            return Err(error);
        }
        tracing::debug!(%error, "asking again");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
