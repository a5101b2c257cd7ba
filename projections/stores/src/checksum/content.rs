//! One table, space or index of one view, read alike whichever store it lies in.

use chimera_model::{KvSpec, RowKey, SearchSpec, TableSpec};

use super::item::{Item, Key};
use super::patience::Patience;
use crate::error::StoreError;
use crate::kv::KvReader;
use crate::page::{Cursor, Page, Scanned};
use crate::rows::RowReader;
use crate::search::SearchReader;
use crate::view::View;

const PAGE: usize = 1000;

/// What is summed or compared.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// A table.
    Rows {
        /// Where it lies.
        store: &'a dyn RowReader,
        /// Of which generation.
        view: View,
        /// Which.
        table: &'static TableSpec,
    },
    /// A space of key-values.
    Kv {
        /// Where it lies.
        store: &'a dyn KvReader,
        /// Of which generation.
        view: View,
        /// Which.
        space: &'static KvSpec,
    },
    /// An index of documents.
    Search {
        /// Where it lies.
        store: &'a dyn SearchReader,
        /// Of which generation.
        view: View,
        /// Which.
        spec: &'static SearchSpec,
    },
}

pub(super) type ItemPage = Page<Scanned<Key, Item>>;

/// What is under a key, or why it is not what was written.
pub(super) type Read = Result<Option<Item>, String>;

impl Content<'_> {
    /// The name of the table, space or index.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rows { table, .. } => table.name,
            Self::Kv { space, .. } => space.space,
            Self::Search { spec, .. } => spec.index,
        }
    }

    pub(super) fn view(&self) -> View {
        match self {
            Self::Rows { view, .. } | Self::Kv { view, .. } | Self::Search { view, .. } => *view,
        }
    }

    pub(super) async fn page(&self, after: Option<&Cursor>) -> Result<ItemPage, StoreError> {
        let mut patience = Patience::new();
        loop {
            match self.page_at_once(after).await {
                Ok(page) => return Ok(page),
                Err(error) => patience.after(error).await?,
            }
        }
    }

    async fn page_at_once(&self, after: Option<&Cursor>) -> Result<ItemPage, StoreError> {
        match self {
            Self::Rows { store, view, table } => {
                let page = store.scan(*view, table, after, PAGE).await?;
                Ok(mapped(page, Key::Row, Item::Row))
            }
            Self::Kv { store, view, space } => {
                let page = store.scan(*view, space, after, PAGE).await?;
                Ok(mapped(page, Key::Kv, |(id, value)| Item::Kv(id, value)))
            }
            Self::Search { store, view, spec } => {
                let page = store.scan(*view, spec, after, PAGE).await?;
                Ok(mapped(page, Key::Document, |(id, document)| Item::Document(id, document)))
            }
        }
    }

    pub(super) async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        match (self, key) {
            (Self::Rows { store, view, table }, Key::Row(key)) => {
                Ok(store.get(*view, table, key).await?.map(Item::Row))
            }
            (Self::Kv { store, view, space }, Key::Kv(id)) => {
                Ok(store.get(*view, space, id).await?.map(|value| Item::Kv(id.clone(), value)))
            }
            (Self::Search { store, view, spec }, Key::Document(id)) => {
                let document = store.get(*view, spec, id).await?;
                Ok(document.map(|document| Item::Document(id.clone(), document)))
            }
            (Self::Rows { .. } | Self::Kv { .. } | Self::Search { .. }, _) => Ok(None),
        }
    }

    /// The items of these keys, in the same order; a damaged one with what is wrong.
    pub(super) async fn get_many(&self, keys: &[Key]) -> Result<Vec<Read>, StoreError> {
        let mut patience = Patience::new();
        loop {
            let read = match self.get_all(keys).await {
                Ok(items) => return Ok(items.into_iter().map(Ok).collect()),
                // One of them: which is found by asking for each.
                Err(StoreError::Fatal(_)) => self.get_each(keys).await,
                Err(error) => Err(error),
            };
            match read {
                Ok(read) => return Ok(read),
                Err(error) => patience.after(error).await?,
            }
        }
    }

    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        match self {
            Self::Rows { store, view, table } => {
                let keys: Vec<RowKey> = keys.iter().filter_map(Key::row).cloned().collect();
                let rows = store.get_many(*view, table, &keys).await?;
                Ok(rows.into_iter().map(|row| row.map(Item::Row)).collect())
            }
            Self::Kv { store, view, space } => {
                let ids: Vec<&str> = keys.iter().filter_map(Key::id).collect();
                let values = store.get_many(*view, space, &ids).await?;
                let with_id = |(id, value): (&str, Option<_>)| {
                    value.map(|value| Item::Kv(id.to_owned(), value))
                };
                Ok(ids.into_iter().zip(values).map(with_id).collect())
            }
            Self::Search { .. } => {
                let mut items = Vec::with_capacity(keys.len());
                for key in keys {
                    items.push(self.get(key).await?);
                }
                Ok(items)
            }
        }
    }

    async fn get_each(&self, keys: &[Key]) -> Result<Vec<Read>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        for key in keys {
            items.push(match self.get(key).await {
                Ok(item) => Ok(item),
                Err(StoreError::Fatal(reason)) => Err(reason),
                Err(error) => return Err(error),
            });
        }
        Ok(items)
    }
}

fn mapped<K, T>(
    page: Page<Scanned<K, T>>,
    key: impl Fn(K) -> Key,
    item: impl Fn(T) -> Item,
) -> ItemPage {
    let mut items = Vec::with_capacity(page.items.len());
    for scanned in page.items {
        items.push(match scanned {
            Scanned::Sound(found) => Scanned::Sound(item(found)),
            Scanned::Damaged { key: damaged, reason } => {
                Scanned::Damaged { key: damaged.map(&key), reason }
            }
        });
    }
    Page { items, next: page.next }
}
