//! An open loop: something new begins at a fixed rate, however much of what began before is still under way, so that a slow
//! answer cannot hide the next one.

use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// What begins in it is not counted.
pub(super) const WARM_UP: Duration = Duration::from_secs(2);

/// From when to count, and how long it took from then on.
pub(super) type Took = (Instant, Duration);

/// Begins `each`, with its number and when it was due, `rate` times a second for the warm-up and so many seconds. What it took,
/// in microseconds; a failure ends the run.
pub(super) async fn run<F>(
    rate: u32,
    seconds: u64,
    each: impl Fn(u64, Instant) -> F,
) -> anyhow::Result<Histogram<u64>>
where
    F: Future<Output = anyhow::Result<Took>> + Send + 'static,
{
    let (start, mut under_way) = (Instant::now(), JoinSet::new());
    let pace = Duration::from_secs(1) / rate.max(1);
    let mut latencies = Histogram::new(3)?;
    for number in 0..u64::from(rate) * (seconds + WARM_UP.as_secs()) {
        let due = start + pace * u32::try_from(number)?;
        sleep_until(due).await;
        under_way.spawn(each(number, due));
        while let Some(took) = under_way.try_join_next() {
            record(&mut latencies, start, took??)?;
        }
    }
    while let Some(took) = under_way.join_next().await {
        record(&mut latencies, start, took??)?;
    }
    Ok(latencies)
}

fn record(
    latencies: &mut Histogram<u64>,
    start: Instant,
    (from, took): Took,
) -> anyhow::Result<()> {
    if from >= start + WARM_UP {
        latencies.record(u64::try_from(took.as_micros())?)?;
    }
    Ok(())
}
