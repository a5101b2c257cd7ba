//! How long a rebuild takes where no run has said so, and how long several take together.

use std::time::Instant;

use chimera_model::ReadModel;

use crate::data::{Data, Positions};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::rates::scaled;
use crate::rebuild::{cores, rebuild};
use crate::scratch::Scratch;

/// How many events are rebuilt to measure one read model.
const MEASURED: u64 = 50_000;

/// Measures in scratch stores.
pub(super) struct Calibration<'a> {
    pub(super) data: &'a Data,
    pub(super) scratch: &'a Scratch,
    pub(super) progress: &'a Progress,
}

impl Calibration<'_> {
    /// How long so many events of a read model take, by its first ones.
    pub(super) async fn seconds(
        &self,
        model: &'static ReadModel,
        events: u64,
    ) -> Result<f64, Failure> {
        let ends = self.data.log.ends(&model.streams())?;
        let all: u64 = ends.values().sum();
        let mut upto = Positions::new();
        for (partition, end) in ends {
            // As much of each partition as it has of all.
            let some = u128::from(end) * u128::from(MEASURED) / u128::from(all.max(1));
            upto.insert(partition, u64::try_from(some).unwrap_or(end).min(end));
        }
        let feeder = self.data.feeder(self.scratch.all())?;
        let started = Instant::now();
        let measured = rebuild(&feeder, &feeder.target(model, 1), &upto, self.progress).await?;
        Ok(scaled(started.elapsed().as_secs_f64(), events, measured))
    }
}

/// How long they take together in their order, one on each core; none if it is not known of one of them.
pub(super) fn all_together(each: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    on_cores(each, cores())
}

fn on_cores(each: impl Iterator<Item = Option<f64>>, cores: usize) -> Option<f64> {
    let mut busy_until = vec![0.0_f64; cores.max(1)];
    for seconds in each {
        let free = busy_until.iter_mut().min_by(|one, other| one.total_cmp(other))?;
        *free += seconds?;
    }
    busy_until.into_iter().max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_waits_for_the_first_free_core() {
        let each = [3.0, 1.0, 1.0, 2.0].map(Some);
        assert_eq!(on_cores(each.into_iter(), 2), Some(4.0));
        assert_eq!(on_cores(each.into_iter(), 1), Some(7.0));
        assert_eq!(on_cores([Some(1.0), None].into_iter(), 2), None);
    }
}
