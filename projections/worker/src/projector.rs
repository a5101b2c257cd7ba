//! From raw records to what the stores shall write, for one partition of one read model.
//!
//! What cannot be decoded, and what stands behind it, comes out as dead letters; all else is projected. Never writes anything.

use std::collections::BTreeSet;
use std::sync::Arc;

use chimera_codec::CodecError;
use chimera_domain::time::Timestamp;
use chimera_log::{Partition, RawRecord};
use chimera_model::{Change, Mutation, Projection, ReadModel};
use chimera_stores::StoreError;

use crate::dead_letters::{Class, Letter, Parked, Standing};
use crate::decode::{Decoder, is_wanted};
use crate::folding::Folding;
use crate::selection::Selection;
use crate::target::{Target, Writes};

/// Projects the events of one partition.
pub(crate) struct Projector {
    model: &'static ReadModel,
    partition: Partition,
    decoder: Arc<Decoder>,
    /// What alone is looked at; none for everything.
    selection: Option<Arc<Selection>>,
    pub(crate) how: How,
}

/// How a model projects.
pub(crate) enum How {
    /// Each event for itself.
    Absolute(fn(&Change) -> Vec<Mutation>),
    /// Rows that add up.
    Totals(Folding),
}

/// What consecutive records come to.
#[derive(Debug, Default)]
pub(crate) struct Projected {
    pub(crate) writes: Writes,
    /// When the last event that was decoded had been recorded.
    pub(crate) recorded: Option<Timestamp>,
    /// What goes to the dead letters.
    pub(crate) letters: Vec<Letter>,
}

/// Why nothing can be projected now; the same records can be given again.
#[derive(Debug)]
pub(crate) enum ProjectError {
    /// A total needs a row that the store cannot give.
    Store(StoreError),
    /// An event needs a schema that cannot be asked for now.
    Schema(CodecError),
}

impl From<StoreError> for ProjectError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
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
        Self { model, partition, decoder, selection: None, how }
    }

    /// The same for a part of the aggregates.
    pub(crate) fn only(self, selection: Option<Arc<Selection>>) -> Self {
        Self { selection, ..self }
    }

    /// What these records come to.
    ///
    /// # Errors
    /// See [`ProjectError`].
    pub(crate) async fn project(
        &mut self,
        records: &[RawRecord],
        parked: &Parked,
        target: &Target,
    ) -> Result<Projected, ProjectError> {
        let mut projected = Projected::default();
        match &self.how {
            How::Absolute(project) => {
                let project = *project;
                let mut writes = Writes::default();
                self.decode(records, parked, &mut projected, |change| {
                    writes.extend(project(&change));
                })?;
                projected.writes = writes;
            }
            How::Totals(_) => {
                let mut changes = vec![];
                self.decode(records, parked, &mut projected, |change| changes.push(change))?;
                if let How::Totals(folding) = &mut self.how {
                    projected.writes.rows = folding.fold(&changes, target).await?;
                }
            }
        }
        Ok(projected)
    }

    fn is_selected(&self, record: &RawRecord) -> bool {
        let selection = self.selection.as_ref();
        selection.is_none_or(|selection| selection.has(&self.partition.stream, record))
    }

    /// The change in one record, whatever waits; none where the model does not read it.
    ///
    /// # Errors
    /// If it is no event that this release understands.
    pub(crate) fn change(&self, record: &RawRecord) -> Result<Option<Change>, CodecError> {
        self.decoder.wanted(self.model, &self.partition, record)
    }

    /// When the record was taken into the log, if it can be read.
    pub(crate) fn recorded_at(&self, record: &RawRecord) -> Option<Timestamp> {
        self.decoder.recorded_at(&self.partition, record)
    }

    /// Forgets what it knows of rows: the store may hold others.
    pub(crate) fn forget(&mut self) {
        if let How::Totals(folding) = &mut self.how {
            folding.forget();
        }
    }

    /// Gives each change that the model reads to `each`, and notes in `projected` what was met on the way.
    fn decode(
        &self,
        records: &[RawRecord],
        parked: &Parked,
        projected: &mut Projected,
        mut each: impl FnMut(Change),
    ) -> Result<(), ProjectError> {
        // Aggregates of which an event of these records cannot be decoded.
        let mut poisoned: BTreeSet<&[u8]> = BTreeSet::new();
        for record in records.iter().filter(|record| self.is_selected(record)) {
            let standing = match parked.standing(record) {
                Standing::Free if poisoned.contains(&*record.key) => Standing::Behind,
                standing => standing,
            };
            match standing {
                Standing::Listed => {}
                Standing::Behind => {
                    if is_wanted(self.model, &self.partition, record) {
                        projected.letters.push(Letter::new(record, Class::Waiting, ""));
                    }
                }
                Standing::Free => match self.change(record) {
                    Ok(None) => {}
                    Ok(Some(change)) => {
                        projected.recorded = Some(change.meta().recorded_at);
                        each(change);
                    }
                    Err(error @ CodecError::SchemaUnavailable { .. }) => {
                        return Err(ProjectError::Schema(error));
                    }
                    Err(error) => {
                        poisoned.insert(&record.key);
                        let text = error.to_string();
                        projected.letters.push(Letter::new(record, Class::Undecodable, &text));
                    }
                },
            }
        }
        Ok(())
    }
}
