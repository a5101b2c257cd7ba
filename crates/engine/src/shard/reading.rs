//! The way of a shard through the log until it serves: up to the end, and on while another process writes. Never claims.

use chimera_domain::aggregate::Aggregate;
use chimera_log::Reader;
use tokio::sync::watch;

use super::Parts;
use super::recovery::fold_all;
use super::serving::Serving;

/// So few events behind, a shard is level: they are read in a moment. One that does not come so far in so many rounds, since as
/// much is written as it reads, claims all the same.
const LEVEL: u64 = 1_000;
const MOST_ROUNDS: u32 = 10;

/// The way through the log from the state on. What it reads ahead while the partition is being claimed is the tail that the
/// owner before goes on writing: nobody can write while that is read, so that it must not begin with a connection.
#[derive(Default)]
pub(super) struct Reading(Option<Box<dyn Reader>>);

impl Reading {
    /// Begins where the state ends, and stands there ever after if what it gives is folded into it.
    pub(super) fn reader<A: Aggregate>(
        &mut self,
        parts: &Parts<A>,
        serving: &Serving<A>,
    ) -> Result<&mut dyn Reader, String> {
        let begun = self.0.take();
        let reader =
            begun.map_or_else(|| parts.log.read(&parts.partition, serving.sequence + 1), Ok);
        let reader = reader.map_err(|error| error.to_string())?;
        Ok(&mut **self.0.insert(reader))
    }

    /// Reads into the state up to `end`.
    pub(super) fn to<A: Aggregate>(
        &mut self,
        parts: &Parts<A>,
        serving: &mut Serving<A>,
        end: u64,
    ) -> Result<(), String> {
        if serving.sequence >= end {
            return Ok(());
        }
        let reader = self.reader(parts, serving)?;
        while serving.sequence < end {
            let batch = parts.runtime.block_on(reader.next()).map_err(|error| error.to_string())?;
            fold_all(parts, serving, &batch)?;
        }
        Ok(())
    }

    /// To the end, and to what has come meanwhile while that is much.
    pub(super) fn level<A: Aggregate>(
        &mut self,
        parts: &Parts<A>,
        serving: &mut Serving<A>,
        known: &watch::Receiver<u64>,
    ) -> Result<(), String> {
        for _ in 0..MOST_ROUNDS {
            let end = *known.borrow();
            self.to(parts, serving, end)?;
            if known.borrow().saturating_sub(end) <= LEVEL {
                break;
            }
        }
        Ok(())
    }
}
