//! One open index: where it lies, how it is read, and its writer.

use std::path::Path;

use chimera_model::SearchSpec;
use serde::{Deserialize, Serialize};
use tantivy::schema::IndexRecordOption;
use tantivy::schema::Value as _;
use tantivy::{
    DocAddress, DocSet, Index, IndexReader, ReloadPolicy, Searcher, TantivyDocument, Term,
};

use super::document::Stored;
use super::failure::{failed, of_disk};
use super::fields::{self, OwnFields};
use crate::error::StoreError;
use crate::view::Checkpoint;

/// An index of one view.
pub(super) struct OpenIndex {
    /// Its name in the spec.
    pub(super) name: String,
    /// The shape it was made with.
    pub(super) shape: String,
    pub(super) index: Index,
    pub(super) reader: IndexReader,
    pub(super) own: OwnFields,
}

/// A checkpoint as it is kept with each commit.
#[derive(Serialize, Deserialize)]
struct Kept {
    stream: String,
    partition: u32,
    sequence: u64,
}

/// Makes an empty index in an empty directory.
pub(super) fn make(dir: &Path, spec: &SearchSpec) -> Result<(), StoreError> {
    Index::create_in_dir(dir, fields::schema(spec)).map_err(failed)?;
    Ok(())
}

impl OpenIndex {
    pub(super) fn open(dir: &Path, name: String, shape: String) -> Result<Self, StoreError> {
        let index = Index::open_in_dir(dir).map_err(failed)?;
        let own = fields::own(&index.schema())?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        let reader = reader.try_into().map_err(failed)?;
        Ok(Self { name, shape, index, reader, own })
    }

    /// Refuses a spec of another shape.
    pub(super) fn agree(&self, spec: &SearchSpec) -> Result<(), StoreError> {
        let wanted = fields::shape(spec);
        if self.shape == wanted {
            return Ok(());
        }
        Err(StoreError::Fatal(format!(
            "{} was written as {} and is now {wanted}; rebuild the read model with `replay run`",
            self.name, self.shape
        )))
    }

    /// The checkpoints of the last commit.
    pub(super) fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let Some(payload) = self.index.load_metas().map_err(failed)?.payload else {
            return Ok(vec![]);
        };
        let kept: Vec<Kept> = serde_json::from_str(&payload).map_err(|error| {
            let name = &self.name;
            StoreError::Fatal(format!(
                "the checkpoints of {name} are damaged: {error}; rebuild the read model with `replay run`"
            ))
        })?;
        let checkpoint = |Kept { stream, partition, sequence }| Checkpoint {
            stream: stream.into(),
            partition,
            sequence,
        };
        Ok(kept.into_iter().map(checkpoint).collect())
    }

    /// The files that are not what was written.
    pub(super) fn damaged_files(&self) -> Result<Vec<String>, StoreError> {
        let damaged = self.index.validate_checksum().map_err(failed)?;
        let mut names: Vec<String> =
            damaged.iter().map(|path| path.display().to_string()).collect();
        names.sort();
        Ok(names)
    }

    /// The stored document of this id; none where there never was one.
    pub(super) fn stored(
        &self,
        searcher: &Searcher,
        spec: &SearchSpec,
        id: &str,
    ) -> Result<Option<Stored>, StoreError> {
        let Some(address) = self.address(searcher, id)? else {
            return Ok(None);
        };
        self.stored_at(searcher, spec, id, address).map(Some)
    }

    fn address(&self, searcher: &Searcher, id: &str) -> Result<Option<DocAddress>, StoreError> {
        let term = Term::from_field_text(self.own.id, id);
        for (ordinal, segment) in (0..).zip(searcher.segment_readers()) {
            let index = segment.inverted_index(self.own.id).map_err(failed)?;
            let postings = index.read_postings(&term, IndexRecordOption::Basic);
            let Some(mut postings) = postings.map_err(|error| of_disk(&error))? else { continue };
            let mut doc = postings.doc();
            while doc != tantivy::TERMINATED {
                if !segment.is_deleted(doc) {
                    return Ok(Some(DocAddress::new(ordinal, doc)));
                }
                doc = postings.advance();
            }
        }
        Ok(None)
    }

    /// The stored document at this address, which is known to be that of `id`.
    pub(super) fn stored_at(
        &self,
        searcher: &Searcher,
        spec: &SearchSpec,
        id: &str,
        address: DocAddress,
    ) -> Result<Stored, StoreError> {
        let found: TantivyDocument = searcher.doc(address).map_err(failed)?;
        let bytes = found.get_first(self.own.document).and_then(|value| value.as_bytes());
        let decoded = Stored::from_bytes(spec, id, bytes.unwrap_or_default());
        decoded.map_err(|why| {
            let name = &self.name;
            StoreError::Fatal(format!(
                "document {id} of {name} is damaged: {why}; rebuild the read model with `replay run`"
            ))
        })
    }
}

/// Checkpoints as they are kept with a commit.
pub(super) fn payload(checkpoints: &[Checkpoint]) -> Result<String, StoreError> {
    let kept = |checkpoint: &Checkpoint| Kept {
        stream: checkpoint.stream.to_string(),
        partition: checkpoint.partition,
        sequence: checkpoint.sequence,
    };
    let kept: Vec<Kept> = checkpoints.iter().map(kept).collect();
    serde_json::to_string(&kept).map_err(|error| StoreError::Fatal(error.to_string()))
}
