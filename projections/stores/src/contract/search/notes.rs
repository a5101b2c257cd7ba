//! The index that the rules are tried on, and short words for its documents and questions.

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use chimera_model::{SearchField, SearchKind, SearchMutation, SearchPart, SearchSpec, Value};

use super::Store;
use crate::contract::VIEW;
use crate::page::Scanned;
use crate::search::{Document, Found, Query};
use crate::view::View;

const fn field(name: &'static str, kind: SearchKind) -> SearchField {
    SearchField { name, kind }
}

/// Notes that have been written, and how they were rated.
pub(super) static NOTES: SearchSpec = SearchSpec {
    index: "notes",
    language: Some("language"),
    parts: &[
        SearchPart {
            name: "note",
            fields: &[
                field("title", SearchKind::Text { weight: 10 }),
                field("body", SearchKind::Text { weight: 1 }),
                field("names", SearchKind::Text { weight: 5 }),
                field("tag", SearchKind::Keyword),
                field("language", SearchKind::Keyword),
                field("link", SearchKind::Stored),
            ],
        },
        SearchPart {
            name: "rating",
            fields: &[
                field("good", SearchKind::Boolean),
                field("stars", SearchKind::Integer),
                field("price", SearchKind::Decimal),
                field("at", SearchKind::Timestamp),
            ],
        },
    ],
};

pub(super) type Fields = Vec<(&'static str, Vec<Value>)>;

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(super) fn price(text: &str) -> Value {
    Value::Decimal(text.parse::<Amount>().unwrap())
}

pub(super) fn at(micros: i64) -> Value {
    Value::Timestamp(Timestamp(micros))
}

pub(super) fn mutation(
    id: &str,
    part: &'static str,
    version: u64,
    fields: Option<Fields>,
) -> SearchMutation {
    SearchMutation { spec: &NOTES, id: id.to_owned(), part, fields, version }
}

/// A note with a title.
pub(super) fn titled(id: &str, version: u64, title: &str) -> SearchMutation {
    mutation(id, "note", version, Some(vec![("title", vec![text(title)])]))
}

/// A note with these fields.
pub(super) fn note(id: &str, fields: Fields) -> SearchMutation {
    mutation(id, "note", 1, Some(fields))
}

/// A rating with these fields.
pub(super) fn rating(id: &str, version: u64, fields: Fields) -> SearchMutation {
    mutation(id, "rating", version, Some(fields))
}

/// A document of these parts.
pub(super) fn document(parts: &[(&str, u64, Fields)]) -> Document {
    let mut document = Document::default();
    for (part, version, fields) in parts {
        let fields = fields.iter().map(|(name, values)| ((*name).to_owned(), values.clone()));
        document.parts.insert((*part).to_owned(), (*version, fields.collect()));
    }
    document
}

pub(super) async fn created(store: &Store) {
    store.create(VIEW, &[&NOTES]).await.unwrap();
}

pub(super) async fn apply(store: &Store, mutations: &[SearchMutation]) {
    store.apply(VIEW, mutations, &[]).await.unwrap();
}

pub(super) async fn get(store: &Store, id: &str) -> Option<Document> {
    store.get(VIEW, &NOTES, id).await.unwrap()
}

/// Every document of a view, in pages of `limit`.
pub(super) async fn everything(store: &Store, view: View, limit: usize) -> Vec<(String, Document)> {
    let (mut documents, mut after) = (Vec::new(), None);
    loop {
        let page = store.scan(view, &NOTES, after.as_ref(), limit).await.unwrap();
        assert!(page.items.len() <= limit, "a page is bounded");
        for scanned in page.items {
            match scanned {
                Scanned::Sound(found) => documents.push(found),
                Scanned::Damaged { reason, .. } => panic!("{reason}"),
            }
        }
        after = page.next;
        if after.is_none() {
            return documents;
        }
    }
}

/// For these words.
pub(super) fn about(words: &str) -> Query {
    Query { text: Some(words.to_owned()), limit: 100, ..Query::default() }
}

/// For everything.
pub(super) fn all() -> Query {
    Query { limit: 100, ..Query::default() }
}

pub(super) async fn search(store: &Store, query: &Query) -> Found {
    store.search(VIEW, &NOTES, query).await.unwrap()
}

/// The ids of what is found, in its order.
pub(super) async fn found(store: &Store, query: &Query) -> Vec<String> {
    search(store, query).await.hits.into_iter().map(|hit| hit.id).collect()
}

/// The ids of what is found, whatever its order.
pub(super) async fn set(store: &Store, words: &str) -> Vec<String> {
    let mut ids = found(store, &about(words)).await;
    ids.sort();
    ids
}
