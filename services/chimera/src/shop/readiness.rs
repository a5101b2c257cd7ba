//! When a part that follows the log is ready: once it has reached the end that the log had at the start, and while it does not
//! fall far behind.

use chimera_engine::{Clock, Engine};
use chimera_kit::health::{Health, Readiness};
use chimera_worker::{Lag, Positions};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::settled::Done;

/// A read model that is further behind than this makes the process not ready, in seconds.
const FAR_BEHIND_SECONDS: f64 = 60.0;

/// Ready once the process has done everything that the log held at the start, in the partitions in which it runs here.
pub(super) fn of_process(
    engine: &Engine,
    name: &'static str,
    here: Vec<Done>,
    health: &Health,
) -> anyhow::Result<()> {
    let mut waiting = Vec::new();
    for done in here {
        let end = *engine.log.high_watermark(&done.partition)?.borrow();
        waiting.push((done, end));
    }
    health.register(name, move || {
        for (done, end) in &waiting {
            let reached = *done.reached.borrow();
            if reached < *end && done.is_here() {
                let why = format!("{} is done up to {reached} of {end}", done.partition);
                return Readiness::NotReady(why);
            }
        }
        Readiness::Ready
    });
    Ok(())
}

/// Ready once every read model has been level with the log in what is given to this process, which may be nothing, and while
/// none has stopped or is far behind.
pub(super) fn of_read_models(positions: Positions, clock: Arc<dyn Clock>, health: &Health) {
    let was_level = AtomicBool::new(false);
    health.register("read-models", move || {
        let lags = positions.lags(clock.now());
        for model in chimera_model::ALL {
            if let Some(reason) = positions.halted(model.name) {
                return Readiness::NotReady(format!("{} has stopped: {reason}", model.name));
            }
            if !positions.is_fed(model.name) {
                return Readiness::NotReady(format!("{} is being opened", model.name));
            }
        }
        if lags.iter().all(|lag| lag.events == 0) {
            was_level.store(true, Ordering::Release);
        }
        let level_before = was_level.load(Ordering::Acquire);
        lags.iter().find_map(|lag| trouble(lag, level_before)).unwrap_or(Readiness::Ready)
    });
}

fn trouble(lag: &Lag, level_before: bool) -> Option<Readiness> {
    let behind = lag.events > 0 && (!level_before || lag.seconds() > FAR_BEHIND_SECONDS);
    behind.then(|| {
        let why = format!("{} is {} events behind in {}", lag.model, lag.events, lag.partition);
        Readiness::NotReady(why)
    })
}
