//! The search store in memory: it keeps documents and finds nothing.

use async_trait::async_trait;
use chimera_model::{SearchMutation, SearchSpec};
use chimera_stores::search::{Document, Found, Query, SearchReader, SearchWriter};
use chimera_stores::{Checkpoint, Cursor, Page, Scanned, StoreError, View};

use super::{MemoryStores, advance, listed};

#[async_trait]
impl SearchReader for MemoryStores {
    async fn search(
        &self,
        _: View,
        _: &'static SearchSpec,
        _: &Query,
    ) -> Result<Found, StoreError> {
        Ok(Found { total: 0, hits: vec![], facets: vec![], next: None })
    }

    async fn get(
        &self,
        _: View,
        _: &'static SearchSpec,
        _: &str,
    ) -> Result<Option<Document>, StoreError> {
        Ok(None)
    }

    async fn scan(
        &self,
        _: View,
        _: &'static SearchSpec,
        _: Option<&Cursor>,
        _: usize,
    ) -> Result<Page<Scanned<String, (String, Document)>>, StoreError> {
        Ok(Page { items: vec![], next: None })
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        let views = self.views.lock().unwrap();
        Ok(views.get(&view).map(|held| listed(&held.of_search)).unwrap_or_default())
    }

    async fn generations(&self, _: &str) -> Result<Vec<u32>, StoreError> {
        Ok(vec![])
    }
}

#[async_trait]
impl SearchWriter for MemoryStores {
    async fn create(&self, view: View, _: &[&'static SearchSpec]) -> Result<(), StoreError> {
        self.views.lock().unwrap().entry(view).or_default();
        Ok(())
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[SearchMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        self.scripted_write(view, |held, most| {
            mutations.iter().take(most).for_each(|mutation| held.tables.apply_search(mutation));
            if most == usize::MAX {
                advance(&mut held.of_search, checkpoints);
            }
        })
        .await
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.views.lock().unwrap().remove(&view);
        Ok(())
    }
}
