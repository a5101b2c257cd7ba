//! When a part that follows the log is ready: once it has reached the end that the log had at the start, and while it does not
//! fall far behind.

use chimera_engine::{Clock, Engine};
use chimera_kit::health::{Health, Readiness};
use chimera_log::Partition;
use chimera_worker::{Answers, Lag, Positions};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::settled::Done;

/// A read model that is further behind than this makes the process not ready.
const FAR_BEHIND: Duration = Duration::from_mins(1);

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

/// Ready once every read model has reached the end that the log had when it was first looked at, in what is given to this process,
/// which may be nothing, and while none has stopped or is far behind. What waits for a store that all nodes share (`are_shared`) does not count as behind:
/// every node would be without work at once, and each can do all that needs no such store.
pub(super) fn of_read_models(
    positions: Positions,
    clock: Arc<dyn Clock>,
    are_shared: bool,
    health: &Health,
) {
    let (ends, was_level) = (Ends::default(), AtomicBool::new(false));
    health.register("read-models", move || {
        let patient = are_shared && was_level.load(Ordering::Acquire);
        if let Some(why) = not_fed(&positions, patient) {
            return Readiness::NotReady(why);
        }
        let lags = positions.lags(clock.now());
        if ends.are_reached(&lags) {
            was_level.store(true, Ordering::Release);
        }
        of_lags(&lags, was_level.load(Ordering::Acquire), are_shared)
    });
}

/// The ends of partitions when a read model was first seen in them. That all stand at the end at the same moment is not asked for: a
/// shop that is busy never shows it.
#[derive(Default)]
struct Ends(Mutex<BTreeMap<(&'static str, Partition), u64>>);

impl Ends {
    fn are_reached(&self, lags: &[Lag]) -> bool {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut are_reached = true;
        for lag in lags {
            let end = ends.entry((lag.model, lag.partition.clone()));
            are_reached &= lag.applied >= *end.or_insert(lag.applied + lag.events);
        }
        are_reached
    }
}

/// Which read model is not fed here, and why; `patient` where a store that does not answer is no reason.
fn not_fed(positions: &Positions, patient: bool) -> Option<String> {
    for model in chimera_model::ALL {
        if let Some(reason) = positions.halted(model.name) {
            return Some(format!("{} has stopped: {reason}", model.name));
        }
        let waits = patient && positions.waits_to_be_fed(model.name);
        if !waits && !positions.is_fed(model.name) {
            return Some(format!("{} is being opened", model.name));
        }
    }
    None
}

fn of_lags(lags: &[Lag], level_before: bool, are_shared: bool) -> Readiness {
    for lag in lags.iter().filter(|lag| lag.events > 0) {
        let far = is_far_behind(lag) && !(are_shared && lacks_its_store(lag));
        if !level_before || far {
            return Readiness::NotReady(format!(
                "{} is {} events behind in {}",
                lag.model, lag.events, lag.partition
            ));
        }
    }
    for Lag { model, partition, store, .. } in lags {
        if let Some(waited) = store.waited() {
            let seconds = waited.as_secs();
            return Readiness::ReadyBut(format!(
                "{model} has waited {seconds} s for its store in {partition}"
            ));
        }
    }
    Readiness::Ready
}

fn is_far_behind(lag: &Lag) -> bool {
    lag.seconds() > FAR_BEHIND.as_secs_f64()
}

/// Whether the store does not answer, or has just begun to again: then there is much to catch up with, on every node.
fn lacks_its_store(lag: &Lag) -> bool {
    match lag.store {
        Answers::Always => false,
        Answers::NotSince(_) => true,
        Answers::AgainSince(since) => since.elapsed() < FAR_BEHIND,
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, advance};

    use super::*;

    /// Two minutes behind.
    fn far_behind(store: Answers) -> [Lag; 1] {
        let partition = Partition::new("order", 0);
        let (applied, events, micros) = (7, 3, 120_000_000);
        let (halted, parked) = (None, (0, 0));
        [Lag { model: "order_status", partition, applied, events, micros, halted, parked, store }]
    }

    fn is_ready(lags: &[Lag], level_before: bool, are_shared: bool) -> bool {
        !matches!(of_lags(lags, level_before, are_shared), Readiness::NotReady(_))
    }

    #[tokio::test(start_paused = true)]
    async fn a_shared_store_that_does_not_answer_takes_no_node_out_of_work() {
        let waits = far_behind(Answers::NotSince(Instant::now()));
        assert!(is_ready(&waits, true, true));
        assert!(!is_ready(&waits, false, true), "this node has never been level");
        assert!(!is_ready(&waits, true, false), "the store is this node's own");
        assert!(!is_ready(&far_behind(Answers::Always), true, true), "the store is not to blame");
        advance(Duration::from_secs(90)).await;
        let said = "order_status has waited 90 s for its store in order/0";
        assert_eq!(of_lags(&waits, true, true), Readiness::ReadyBut(said.into()));
    }

    #[test]
    fn a_read_model_of_a_busy_shop_has_caught_up_without_standing_at_the_end() {
        let ends = Ends::default();
        let [first] = far_behind(Answers::Always);
        let later = |applied, events| [Lag { applied, events, ..first.clone() }];
        assert!(!ends.are_reached(&later(7, 3)));
        assert!(!ends.are_reached(&later(9, 4)));
        assert!(ends.are_reached(&later(10, 5)), "there is always more");
        let elsewhere = [Lag { partition: Partition::new("order", 1), ..first.clone() }];
        assert!(!ends.are_reached(&elsewhere), "another partition has an end of its own");
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_answers_again_leaves_a_minute_to_catch_up() {
        let again = far_behind(Answers::AgainSince(Instant::now()));
        assert_eq!(of_lags(&again, true, true), Readiness::Ready);
        assert!(!is_ready(&again, true, false));
        advance(FAR_BEHIND).await;
        assert!(!is_ready(&again, true, true));
    }
}
