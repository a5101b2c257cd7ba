//! One table, space or index of one view, read alike whichever store it lies in.

use std::collections::BTreeMap;

use chimera_model::{KvSpec, Order, Row, RowKey, SearchSpec, TableSpec};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::error::StoreError;
use crate::key;
use crate::kv::{KvReader, KvValue};
use crate::page::{Cursor, Page, Scanned};
use crate::rows::RowReader;
use crate::search::{Document, SearchReader};
use crate::text::{key_text, value_text};
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

/// Identifies a row, a key-value or a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Row(RowKey),
    Kv(String),
    Document(String),
}

/// A row, a key-value or a document.
pub(super) enum Item {
    Row(Row),
    Kv(String, KvValue),
    Document(String, Document),
}

pub(super) type ItemPage = Page<Scanned<Key, Item>>;

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

    pub(super) async fn page(&self, after: Option<&Cursor>) -> Result<ItemPage, StoreError> {
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

impl Key {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Row(key) => key_text(key),
            Self::Kv(id) | Self::Document(id) => id.clone(),
        }
    }
}

/// Hashes of an item, whichever store it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hashes {
    pub(super) key: u64,
    pub(super) content: u128,
}

impl Item {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Row(row) => Key::Row(row.key.clone()),
            Self::Kv(id, _) => Key::Kv(id.clone()),
            Self::Document(id, _) => Key::Document(id.clone()),
        }
    }

    /// `buffer` is only for keeping its memory.
    pub(super) fn hashes(&self, buffer: &mut Vec<u8>) -> Hashes {
        buffer.clear();
        let key = match self {
            Self::Row(row) => {
                for value in &row.key.0 {
                    key::encode(buffer, value, Order::Ascending);
                }
                let key = xxh3_64(buffer);
                row_content(buffer, row);
                key
            }
            Self::Kv(id, value) => {
                encode_text(buffer, id);
                let key = xxh3_64(buffer);
                kv_content(buffer, value);
                key
            }
            Self::Document(id, document) => {
                encode_text(buffer, id);
                let key = xxh3_64(buffer);
                document_content(buffer, document);
                key
            }
        };
        Hashes { key, content: xxh3_128(buffer) }
    }

    /// Every field as an operator reads it, the versions among them.
    pub(super) fn fields(&self) -> BTreeMap<String, String> {
        match self {
            Self::Row(row) => row_fields(row),
            Self::Kv(_, value) => kv_fields(value),
            Self::Document(_, document) => document_fields(document),
        }
    }
}

fn row_content(buffer: &mut Vec<u8>, row: &Row) {
    buffer.extend_from_slice(&row.version.to_be_bytes());
    for (name, value) in &row.cells {
        encode_text(buffer, name);
        key::encode(buffer, value, Order::Ascending);
    }
}

fn kv_content(buffer: &mut Vec<u8>, value: &KvValue) {
    for (name, (version, content)) in &value.parts {
        encode_text(buffer, name);
        buffer.extend_from_slice(&version.to_be_bytes());
        encode_text(buffer, content);
    }
}

fn document_content(buffer: &mut Vec<u8>, document: &Document) {
    for (name, (version, fields)) in &document.parts {
        encode_text(buffer, name);
        buffer.extend_from_slice(&version.to_be_bytes());
        for (field, values) in fields {
            encode_text(buffer, field);
            buffer.extend_from_slice(&(values.len() as u64).to_be_bytes());
            for value in values {
                key::encode(buffer, value, Order::Ascending);
            }
        }
    }
}

/// With its length in front, so that no two sequences of texts have the same bytes.
fn encode_text(buffer: &mut Vec<u8>, text: &str) {
    buffer.extend_from_slice(&(text.len() as u64).to_be_bytes());
    buffer.extend_from_slice(text.as_bytes());
}

const VERSION: &str = "_version";

fn row_fields(row: &Row) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::from([(VERSION.to_owned(), row.version.to_string())]);
    for (name, value) in &row.cells {
        fields.insert(name.clone(), value_text(value));
    }
    fields
}

fn kv_fields(value: &KvValue) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for (part, (version, content)) in &value.parts {
        fields.insert(format!("{part}.{VERSION}"), version.to_string());
        match serde_json::from_str::<BTreeMap<String, serde_json::Value>>(content) {
            Ok(members) => {
                for (name, member) in members {
                    fields.insert(format!("{part}.{name}"), member.to_string());
                }
            }
            Err(_) => {
                fields.insert(part.clone(), content.clone());
            }
        }
    }
    fields
}

fn document_fields(document: &Document) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::new();
    for (part, (version, fields)) in &document.parts {
        shown.insert(format!("{part}.{VERSION}"), version.to_string());
        for (field, values) in fields {
            let texts: Vec<String> = values.iter().map(value_text).collect();
            shown.insert(format!("{part}.{field}"), texts.join(", "));
        }
    }
    shown
}
