//! A row, a key-value or a document, whichever store it comes from: its hashes, its pieces, and its fields as a person reads them.

use std::collections::BTreeMap;

use chimera_model::total::sequence_of;
use chimera_model::{Order, Row, RowKey};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::key;
use crate::kv::KvValue;
use crate::search::Document;
use crate::text::{key_text, value_text};

/// The piece and the field that say by which event something was written.
pub(super) const VERSION: &str = "_version";

/// Hashes of what is written as one, by name; of the version of a row, the version itself.
pub(super) type Pieces = BTreeMap<String, u128>;

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

impl Key {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Row(key) => key_text(key),
            Self::Kv(id) | Self::Document(id) => id.clone(),
        }
    }

    /// As of every item under this key.
    pub(super) fn hash(&self) -> u64 {
        let mut buffer = Vec::new();
        match self {
            Self::Row(key) => encode_row_key(&mut buffer, key),
            Self::Kv(id) | Self::Document(id) => encode_text(&mut buffer, id),
        }
        xxh3_64(&buffer)
    }

    pub(super) fn row(&self) -> Option<&RowKey> {
        match self {
            Self::Row(key) => Some(key),
            Self::Kv(_) | Self::Document(_) => None,
        }
    }

    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Kv(id) | Self::Document(id) => Some(id),
            Self::Row(_) => None,
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
                encode_row_key(buffer, &row.key);
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

    /// What is written as one, by name: each cell of a row and its version, each part of a key-value or of a document.
    pub(super) fn pieces(&self) -> Pieces {
        match self {
            Self::Row(row) => row_pieces(row),
            Self::Kv(_, value) => kv_pieces(value),
            Self::Document(_, document) => document_pieces(document),
        }
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

fn encode_row_key(buffer: &mut Vec<u8>, key: &RowKey) {
    for value in &key.0 {
        key::encode(buffer, value, Order::Ascending);
    }
}

/// Without the number of healings, in which a total of the same content may differ.
fn row_content(buffer: &mut Vec<u8>, row: &Row) {
    buffer.extend_from_slice(&sequence_of(row.version).to_be_bytes());
    for (name, value) in &row.cells {
        encode_text(buffer, name);
        key::encode(buffer, value, Order::Ascending);
    }
}

fn row_pieces(row: &Row) -> Pieces {
    let mut pieces = Pieces::from([(VERSION.to_owned(), u128::from(sequence_of(row.version)))]);
    let mut buffer = Vec::new();
    for (name, value) in &row.cells {
        buffer.clear();
        key::encode(&mut buffer, value, Order::Ascending);
        pieces.insert(name.clone(), xxh3_128(&buffer));
    }
    pieces
}

fn kv_pieces(value: &KvValue) -> Pieces {
    let mut pieces = Pieces::new();
    for (name, part) in &value.parts {
        let alone = KvValue { parts: BTreeMap::from([(name.clone(), part.clone())]) };
        let mut buffer = Vec::new();
        kv_content(&mut buffer, &alone);
        pieces.insert(name.clone(), xxh3_128(&buffer));
    }
    pieces
}

fn document_pieces(document: &Document) -> Pieces {
    let mut pieces = Pieces::new();
    for (name, part) in &document.parts {
        let alone = Document { parts: BTreeMap::from([(name.clone(), part.clone())]) };
        let mut buffer = Vec::new();
        document_content(&mut buffer, &alone);
        pieces.insert(name.clone(), xxh3_128(&buffer));
    }
    pieces
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

fn row_fields(row: &Row) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::from([(VERSION.to_owned(), sequence_of(row.version).to_string())]);
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
