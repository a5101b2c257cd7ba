//! The search port on OpenSearch, over HTTP.
//!
//! One index a generation and spec, named `<prefix><index>-g<generation>`, and one for the checkpoints of the view. Each is written
//! through an alias of its own, and only where that alias is, so that no index ever comes to be by being written to. The name
//! without a generation is an alias for people; nothing here reads through it. Never deletes a document; ADR 25 says why.

mod bulk;
mod cache;
mod check;
mod checkpoints;
mod cursor;
mod document;
mod facets;
mod failure;
mod highlight;
mod hits;
mod http;
mod index;
mod layout;
mod names;
mod options;
mod question;
mod read;
mod render;
mod tuning;
mod views;
mod write;

use async_trait::async_trait;
use chimera_model::{SearchMutation, SearchSpec};

use crate::error::StoreError;
use crate::page::{Cursor, Page, Scanned};
use crate::search::{Document, Found, Purpose, Query, SearchReader, SearchWriter};
use crate::view::{Checkpoint, View};
use http::Http;
use names::Names;
use views::Views;

pub use options::OpenSearchOptions;

/// Search indices in OpenSearch. Cheap to share; all calls go over one pool of connections.
pub struct OpenSearch {
    http: Http,
    names: Names,
    options: OpenSearchOptions,
    views: Views,
}

impl OpenSearch {
    /// Nothing is sent yet: a store that is down is found out by the first call.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] if an option cannot be used, naming it.
    pub fn new(options: OpenSearchOptions) -> Result<Self, StoreError> {
        options.check()?;
        let http = Http::new(&options)?;
        let names = Names::new(&options.prefix);
        Ok(Self { http, names, options, views: Views::default() })
    }
}

#[async_trait]
impl SearchReader for OpenSearch {
    async fn search(
        &self,
        view: View,
        spec: &'static SearchSpec,
        query: &Query,
    ) -> Result<Found, StoreError> {
        self.find(view, spec, query).await
    }

    async fn get(
        &self,
        view: View,
        spec: &'static SearchSpec,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.read_document(view, spec, id).await
    }

    async fn scan(
        &self,
        view: View,
        spec: &'static SearchSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, Document)>>, StoreError> {
        self.scan_documents(view, spec, after, limit).await
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        self.read_checkpoints(view).await
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        self.generations_of(model).await
    }
}

#[async_trait]
impl SearchWriter for OpenSearch {
    async fn create(&self, view: View, specs: &[&'static SearchSpec]) -> Result<(), StoreError> {
        self.create_view(view, specs).await
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[SearchMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        let known = self.known_view(view).await?;
        let changes = self.checked(view, &known, mutations)?;
        for (index, pending) in changes {
            self.write_documents(&index, pending).await?;
        }
        self.write_checkpoints(view, checkpoints).await
    }

    async fn tune(&self, view: View, purpose: Purpose) -> Result<(), StoreError> {
        self.tune_view(view, purpose).await
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.remove_view(view).await
    }
}
