//! Reading from a log that cannot answer for a while: whoever follows a partition for ever waits, and asks again. Everything
//! else that is wrong with a log is for an operator.

use std::time::Duration;

use chimera_log::{EventLog, Partition, RawBatch, ReadError, Reader};

/// Before the log is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// A reader of the partition, as soon as the log can give one.
pub(crate) async fn reader(
    log: &dyn EventLog,
    partition: &Partition,
    from: u64,
) -> Result<Box<dyn Reader>, String> {
    loop {
        match log.read(partition, from) {
            Err(error) => wait_out(error).await?,
            Ok(reader) => return Ok(reader),
        }
    }
}

/// The next records, as soon as the log can give them. Safe to drop, as [`Reader::next`] is.
pub(crate) async fn next(reader: &mut dyn Reader) -> Result<RawBatch, String> {
    loop {
        match reader.next().await {
            Err(error) => wait_out(error).await?,
            Ok(batch) => return Ok(batch),
        }
    }
}

async fn wait_out(error: ReadError) -> Result<(), String> {
    let ReadError::Unavailable { .. } = error else { return Err(error.to_string()) };
    tracing::warn!(%error, "reading waits for the log");
    tokio::time::sleep(PAUSE).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use async_trait::async_trait;

    use super::*;

    /// Gives what it was told to, one after the other.
    struct Script(VecDeque<Result<RawBatch, ReadError>>);

    #[async_trait]
    impl Reader for Script {
        async fn next(&mut self) -> Result<RawBatch, ReadError> {
            self.0.pop_front().unwrap_or(Err(ReadError::Closed))
        }

        fn position(&self) -> u64 {
            1
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_may_pass_is_waited_out() {
        let partition = Partition::new("s", 0);
        let unavailable =
            || ReadError::Unavailable { partition: partition.clone(), reason: "away".into() };
        let batch = RawBatch { records: Vec::new() };
        let script = [Err(unavailable()), Err(unavailable()), Ok(batch.clone())];
        let mut reader = Script(script.into());
        assert_eq!(next(&mut reader).await, Ok(batch));
        assert_eq!(next(&mut reader).await, Err(ReadError::Closed.to_string()));
    }
}
