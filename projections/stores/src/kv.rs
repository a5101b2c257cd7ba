//! The port for key-values: each made of parts, each part guarded by a version of its own.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chimera_model::{KvMutation, KvSpec};

use crate::error::StoreError;
use crate::page::{Cursor, Page, Scanned};
use crate::view::{Checkpoint, View};

/// A key-value as it is read; a part never written, or deleted, is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KvValue {
    /// Version and content of each part.
    pub parts: BTreeMap<String, (u64, String)>,
}

impl KvValue {
    /// The content of one part.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&str> {
        self.parts.get(name).map(|(_, content)| content.as_str())
    }
}

/// Reading key-values. A generation that is gone is [`StoreError::Transient`]: ask again which one is live.
#[async_trait]
pub trait KvReader: Send + Sync {
    /// The value of this id; none where no part is left.
    ///
    /// # Errors
    /// See [`StoreError`]; a damaged value is fatal and named.
    async fn get(
        &self,
        view: View,
        space: &'static KvSpec,
        id: &str,
    ) -> Result<Option<KvValue>, StoreError>;

    /// The values of these ids, in the same order.
    ///
    /// # Errors
    /// As [`KvReader::get`].
    async fn get_many(
        &self,
        view: View,
        space: &'static KvSpec,
        ids: &[&str],
    ) -> Result<Vec<Option<KvValue>>, StoreError> {
        let mut values = Vec::with_capacity(ids.len());
        for id in ids {
            values.push(self.get(view, space, id).await?);
        }
        Ok(values)
    }

    /// Every value of a space with its id, in some stable order, page by page; goes on after a damaged value.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn scan(
        &self,
        view: View,
        space: &'static KvSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, KvValue)>>, StoreError>;

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

/// Writing key-values. A view that was never created is [`StoreError::Fatal`].
#[async_trait]
pub trait KvWriter: Send + Sync {
    /// Makes an empty view with these spaces; a view that is there with the same spaces is left as it is.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] if it is there with other spaces.
    async fn create(&self, view: View, spaces: &[&'static KvSpec]) -> Result<(), StoreError>;

    /// Applies the mutations in order, then the checkpoints; never a checkpoint without its mutations. Applying again, or late,
    /// changes nothing.
    ///
    /// # Errors
    /// See [`StoreError`]; [`StoreError::Rejected`] names the mutation, and nothing of the call was applied.
    async fn apply(
        &self,
        view: View,
        mutations: &[KvMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError>;

    /// Removes a view, its values and its checkpoints; one that isn't there is no error.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn remove(&self, view: View) -> Result<(), StoreError>;
}

/// A store of key-values, to read and to write.
pub trait KvStore: KvReader + KvWriter {}

impl<S: KvReader + KvWriter> KvStore for S {}
