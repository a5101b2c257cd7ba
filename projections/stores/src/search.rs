//! The port for search: documents made of guarded parts in; hits, facets and highlights out.
//!
//! One question means the same to every engine: what matches, what is counted, in which order. How near two texts are is the
//! engine's own, so scores of two engines cannot be compared.

mod fits;
mod language;
mod query;
mod question;
mod words;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chimera_model::{SearchMutation, SearchSpec, Value};

use crate::error::StoreError;
use crate::page::{Cursor, Page, Scanned};
use crate::view::{Checkpoint, View};

pub use fits::{check_mutation, check_query};
pub use language::Language;
pub use query::{Facet, FacetCount, Filter, Found, Hit, Query, Sort};
pub use question::{foreign_cursor, question_of};
pub use words::{MOST_WORDS, Word, forgiven_errors, is_forgiving, may_be_beginning, words};

/// A document as it is kept; a part never written, or deleted, is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Version and fields of each part; a field without values is absent.
    pub parts: BTreeMap<String, (u64, BTreeMap<String, Vec<Value>>)>,
}

impl Document {
    /// The values of a field, in whichever part it stands.
    #[must_use]
    pub fn values(&self, field: &str) -> &[Value] {
        let found = self.parts.values().find_map(|(_, fields)| fields.get(field));
        found.map_or(&[], Vec::as_slice)
    }
}

/// Searching. A generation that is gone is [`StoreError::Transient`]: ask again which one is live.
#[async_trait]
pub trait SearchReader: Send + Sync {
    /// What matches the question.
    ///
    /// # Errors
    /// See [`StoreError`]; [`StoreError::Rejected`] for a cursor of another question and for one that makes no sense here.
    async fn search(
        &self,
        view: View,
        spec: &'static SearchSpec,
        query: &Query,
    ) -> Result<Found, StoreError>;

    /// The document of this id, also one that was written a moment ago and cannot be found by searching yet.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn get(
        &self,
        view: View,
        spec: &'static SearchSpec,
        id: &str,
    ) -> Result<Option<Document>, StoreError>;

    /// Every document with its id, in some stable order, page by page. Sees everything that was applied before the first page.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn scan(
        &self,
        view: View,
        spec: &'static SearchSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, Document)>>, StoreError>;

    /// How far the view is true, by stream and partition.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError>;

    /// The generations of a read model that exist in this store, in ascending order.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError>;
}

/// What a view is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It is filled from the log, and nobody reads it yet.
    Filling,
    /// It is read.
    Serving,
}

/// Writing documents. A view that was never created is [`StoreError::Fatal`].
#[async_trait]
pub trait SearchWriter: Send + Sync {
    /// Makes an empty view with these indices; a view that is there with the same indices is left as it is.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] if it is there with others.
    async fn create(&self, view: View, specs: &[&'static SearchSpec]) -> Result<(), StoreError>;

    /// Applies the mutations in order, then the checkpoints; never a checkpoint without its mutations. Applying again, or late,
    /// changes nothing. What was applied is found by the next search.
    ///
    /// # Errors
    /// See [`StoreError`]; [`StoreError::Rejected`] names the mutation. Others of the call may have been applied.
    async fn apply(
        &self,
        view: View,
        mutations: &[SearchMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError>;

    /// Sets the view up for what comes next; the content stays as it is, and so does what is promised of writing and finding.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn tune(&self, _view: View, _purpose: Purpose) -> Result<(), StoreError> {
        Ok(())
    }

    /// Removes a view, its documents and its checkpoints; one that isn't there is no error.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn remove(&self, view: View) -> Result<(), StoreError>;
}

/// A store of documents, to search and to write.
pub trait SearchStore: SearchReader + SearchWriter {}

impl<S: SearchReader + SearchWriter> SearchStore for S {}
