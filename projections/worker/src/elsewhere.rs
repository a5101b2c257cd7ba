//! How far views are that other processes feed, by the checkpoints in the stores that they share. Many may wait; each view is
//! looked at once for all of them, and not at all while nobody waits.

use std::collections::BTreeMap;
use std::time::Duration;

use chimera_log::Partition;
use chimera_model::{ALL, ReadModel};
use chimera_stores::{Generations, StoreError, View};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::error::Halt;
use crate::feeder::{Feeder, partitions_of};

/// Between two looks at the checkpoints of a view.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// The stores, as places to look.
pub(crate) struct Elsewhere {
    feeder: Feeder,
    generations: Generations,
    seen: BTreeMap<&'static str, Mutex<Seen>>,
}

/// What was seen last of one read model.
#[derive(Default)]
struct Seen {
    applied: BTreeMap<Partition, u64>,
    /// When to look again.
    next: Option<Instant>,
    /// Nobody hears the same trouble a hundred times a second.
    has_failed: bool,
}

impl Elsewhere {
    pub(crate) fn new(feeder: Feeder, generations: Generations) -> Self {
        let seen = ALL.iter().map(|model| (model.name, Mutex::default())).collect();
        Self { feeder, generations, seen }
    }

    /// The read model of that name.
    pub(crate) fn model(name: &str) -> Option<&'static ReadModel> {
        ALL.iter().find(|model| model.name == name).copied()
    }

    /// Waits until the live view of the model has applied everything up to `sequence`, as far as its checkpoints say. False if
    /// `is_over` said before that there is nothing to look for here any more.
    pub(crate) async fn reaches(
        &self,
        model: &'static ReadModel,
        (partition, sequence): (&Partition, u64),
        is_over: impl Fn() -> bool,
    ) -> bool {
        let Some(seen) = self.seen.get(model.name) else { return true };
        while !is_over() {
            let mut seen = seen.lock().await;
            if seen.next.is_none_or(|next| next <= Instant::now()) {
                self.look(model, &mut seen).await;
            }
            if seen.applied.get(partition).copied().unwrap_or(0) >= sequence {
                return true;
            }
            let next = seen.next;
            drop(seen);
            sleep_until(next.unwrap_or_else(Instant::now)).await;
        }
        false
    }

    /// Up to where the live view was seen to be, without looking again.
    pub(crate) fn last_seen(&self, model: &str, partition: &Partition) -> u64 {
        let seen = self.seen.get(model).and_then(|seen| seen.try_lock().ok());
        seen.and_then(|seen| seen.applied.get(partition).copied()).unwrap_or(0)
    }

    async fn look(&self, model: &'static ReadModel, seen: &mut Seen) {
        let looked = self.applied(model).await;
        seen.next = Some(Instant::now() + LOOK_EVERY);
        match looked {
            Ok(applied) => {
                seen.applied = applied;
                seen.has_failed = false;
            }
            Err(error) => {
                if !std::mem::replace(&mut seen.has_failed, true) {
                    tracing::warn!(model = model.name, %error, "how far others are is not known");
                }
            }
        }
    }

    async fn applied(
        &self,
        model: &'static ReadModel,
    ) -> Result<BTreeMap<Partition, u64>, StoreError> {
        let generation = self.generations.live_generation(model.name)?;
        self.feeder.target(model, generation).applied().await
    }

    /// Up to where every partition that the model reads has been applied to its live view; 0 where that has not begun.
    pub(crate) async fn of_all(
        &self,
        model: &'static ReadModel,
    ) -> Result<BTreeMap<Partition, u64>, Halt> {
        let view = View::new(model.name, 0);
        let applied = self.applied(model).await.map_err(|source| Halt::View { view, source })?;
        let all = partitions_of(&**self.feeder.log(), model)
            .map_err(|source| Halt::of_log(view, source))?;
        let of = |partition: Partition| {
            let sequence = applied.get(&partition).copied().unwrap_or(0);
            (partition, sequence)
        };
        Ok(all.into_iter().map(of).collect())
    }
}
