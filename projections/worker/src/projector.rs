//! From raw records to what the stores shall write, for one partition of one read model.
//!
//! Stops at the first event that it cannot decode and says so; what came before it is whole. Never writes anything.

use std::sync::Arc;

use chimera_codec::CodecError;
use chimera_domain::time::Timestamp;
use chimera_log::{Partition, RawRecord};
use chimera_model::{Change, Mutation, Projection, ReadModel};
use chimera_stores::StoreError;

use crate::decode::Decoder;
use crate::folding::Folding;
use crate::target::{Target, Writes};

/// Projects the events of one partition.
pub(crate) struct Projector {
    model: &'static ReadModel,
    partition: Partition,
    decoder: Arc<Decoder>,
    how: How,
}

enum How {
    Absolute(fn(&Change) -> Vec<Mutation>),
    Totals(Folding),
}

/// What consecutive records come to.
#[derive(Debug, Default)]
pub(crate) struct Projected {
    pub(crate) writes: Writes,
    /// When the first and the last event that were decoded had been recorded.
    pub(crate) recorded: Option<(Timestamp, Timestamp)>,
    /// Which record cannot be decoded, by its index, and why; those before it are projected.
    pub(crate) poison: Option<(usize, CodecError)>,
}

impl Projector {
    pub(crate) fn new(
        model: &'static ReadModel,
        partition: Partition,
        decoder: Arc<Decoder>,
    ) -> Self {
        let how = match model.projection {
            Projection::Project(project) => How::Absolute(project),
            Projection::Fold { table, key, fold } => How::Totals(Folding::new(table, key, fold)),
        };
        Self { model, partition, decoder, how }
    }

    /// What these records come to.
    ///
    /// # Errors
    /// If a total needs a row that the store cannot give; the same records can be given again.
    pub(crate) async fn project(
        &mut self,
        records: &[RawRecord],
        target: &Target,
    ) -> Result<Projected, StoreError> {
        let mut projected = Projected::default();
        let source =
            Source { model: self.model, partition: &self.partition, decoder: &self.decoder };
        match &mut self.how {
            How::Absolute(project) => {
                let mut writes = Writes::default();
                source.decode(records, &mut projected, |change| writes.extend(project(&change)));
                projected.writes = writes;
            }
            How::Totals(folding) => {
                let mut changes = vec![];
                source.decode(records, &mut projected, |change| changes.push(change));
                projected.writes.rows = folding.fold(&changes, target).await?;
            }
        }
        Ok(projected)
    }
}

struct Source<'a> {
    model: &'static ReadModel,
    partition: &'a Partition,
    decoder: &'a Decoder,
}

impl Source<'_> {
    /// Gives each change that the model reads to `each`, and notes in `projected` what was met on the way.
    fn decode(
        &self,
        records: &[RawRecord],
        projected: &mut Projected,
        mut each: impl FnMut(Change),
    ) {
        for (index, record) in records.iter().enumerate() {
            match self.decoder.wanted(self.model, self.partition, record) {
                Ok(None) => {}
                Ok(Some(change)) => {
                    let now = change.meta().recorded_at;
                    let first = projected.recorded.map_or(now, |(first, _)| first);
                    projected.recorded = Some((first, now));
                    each(change);
                }
                Err(error) => {
                    projected.poison = Some((index, error));
                    return;
                }
            }
        }
    }
}
