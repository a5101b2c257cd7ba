//! Documents on tantivy: a directory a view, an index a spec in it, a writing thread each.
//!
//! What was applied is committed with its checkpoints before the caller is told so, and found by the next search. A crash leaves
//! the last commit. Searches run on threads for blocking work, as many at once as there are cores.

mod analysis;
mod answer;
mod block;
mod directory;
mod document;
mod facets;
mod failure;
mod fields;
mod filters;
mod highlight;
mod index;
mod matching;
mod ranking;
mod scan;
mod terms;
mod view;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use chimera_model::{SearchMutation, SearchSpec};
use tokio::sync::Semaphore;

use self::view::OpenView;
use crate::error::{OpenError, StoreError};
use crate::page::{Cursor, Page, Scanned};
use crate::search::{
    Document, Found, Query, SearchReader, SearchWriter, check_mutation, check_query,
};
use crate::view::{Checkpoint, View};

type Views = BTreeMap<(String, u32), Arc<OpenView>>;

/// The embedded search store.
pub struct EmbeddedSearch {
    root: PathBuf,
    views: RwLock<Views>,
    /// Held while views come and go.
    changing: Mutex<()>,
    searching: Semaphore,
}

impl EmbeddedSearch {
    pub(super) fn open(root: &Path) -> Result<Self, OpenError> {
        let found = directory::views(root).map_err(|error| unopened(root, &error))?;
        let mut views = Views::new();
        for (model, generation, shapes) in found {
            let dir = root.join(format!("{model}.{generation}"));
            let view = OpenView::open(&dir, shapes)
                .map_err(|error| OpenError::Damaged { path: dir, reason: error.to_string() })?;
            views.insert((model, generation), Arc::new(view));
        }
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self {
            root: root.to_owned(),
            views: RwLock::new(views),
            changing: Mutex::default(),
            searching: Semaphore::new(cores),
        })
    }

    fn find(&self, view: View) -> Option<Arc<OpenView>> {
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        views.get(&(view.model.to_owned(), view.generation)).cloned()
    }

    fn readable(&self, view: View) -> Result<Arc<OpenView>, StoreError> {
        self.find(view).ok_or_else(|| {
            StoreError::Transient(format!("{view} is not there; ask which one is live"))
        })
    }

    fn make(&self, view: View, specs: &[&'static SearchSpec]) -> Result<(), StoreError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = self.find(view) {
            return specs.iter().try_for_each(|spec| open.index(spec).map(|_| ()));
        }
        let shapes = directory::make(&self.root, view, specs)?;
        let open = OpenView::open(&directory::of_view(&self.root, view), shapes)?;
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.insert((view.model.to_owned(), view.generation), Arc::new(open));
        Ok(())
    }

    fn unmake(&self, view: View) -> Result<(), StoreError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        let open = views.remove(&(view.model.to_owned(), view.generation));
        drop(views);
        let Some(open) = open else { return Ok(()) };
        open.stop_writing();
        directory::remove(&self.root, view)
    }
}

fn unopened(root: &Path, error: &std::io::Error) -> OpenError {
    let (path, reason) = (root.to_owned(), error.to_string());
    match error.kind() {
        std::io::ErrorKind::InvalidData => OpenError::OtherFormat { path, reason },
        _ => OpenError::Unavailable { path, reason },
    }
}

/// Runs where it may take its time.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|error| Err(StoreError::Transient(format!("it was ended: {error}"))))
}

#[async_trait]
impl SearchReader for EmbeddedSearch {
    async fn search(
        &self,
        view: View,
        spec: &'static SearchSpec,
        query: &Query,
    ) -> Result<Found, StoreError> {
        check_query(spec, query)?;
        let (index, query) = (self.readable(view)?.index(spec)?, query.clone());
        let turn = self.searching.acquire().await;
        let _turn = turn.map_err(|error| StoreError::Transient(error.to_string()))?;
        aside(move || answer::answer(&index, spec, &query)).await
    }

    async fn get(
        &self,
        view: View,
        spec: &'static SearchSpec,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        let index = self.readable(view)?.index(spec)?;
        let stored = index.stored(&index.reader.searcher(), spec, id)?;
        Ok(stored.and_then(|stored| stored.visible(spec)))
    }

    async fn scan(
        &self,
        view: View,
        spec: &'static SearchSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, Document)>>, StoreError> {
        let (index, after) = (self.readable(view)?.index(spec)?, after.cloned());
        aside(move || scan::scan(&index, spec, after.as_ref(), limit)).await
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        self.readable(view)?.checkpoints()
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        let of_model = views.keys().filter(|(name, _)| name == model);
        Ok(of_model.map(|(_, generation)| *generation).collect())
    }
}

#[async_trait]
impl SearchWriter for EmbeddedSearch {
    async fn create(&self, view: View, specs: &[&'static SearchSpec]) -> Result<(), StoreError> {
        self.make(view, specs)
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[SearchMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        let open = self.find(view);
        let open =
            open.ok_or_else(|| StoreError::Fatal(format!("{view} is not there; create it first")))?;
        mutations.iter().try_for_each(check_mutation)?;
        open.apply(mutations, checkpoints).await
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.unmake(view)
    }
}
