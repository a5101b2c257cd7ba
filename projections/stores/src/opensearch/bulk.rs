//! Requests about many documents at once: writing them, and reading them by their ids as they are now.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::OpenSearch;
use super::document::Source;
use super::failure::{Cause, Failure, not_rejected};
use super::http::Body;
use super::names::writing;
use super::write::gone;
use crate::error::StoreError;

/// What became of one line of a bulk.
#[derive(Debug, Deserialize)]
pub(super) struct BulkItem {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) error: Option<Cause>,
}

#[derive(Deserialize)]
struct BulkAnswer {
    #[serde(default)]
    items: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    index: BulkItem,
}

/// A document asked for by its id.
#[derive(Deserialize)]
pub(super) struct Got {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(default, rename = "_version")]
    pub(super) version: Option<u64>,
    #[serde(default, rename = "_source")]
    pub(super) source: Option<Readable>,
    #[serde(default)]
    pub(super) error: Option<Cause>,
}

/// A source, or why it is none of ours.
pub(super) struct Readable(pub(super) Result<Source, String>);

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(Source::deserialize(json).map_err(|error| format!("not a document: {error}"))))
    }
}

impl OpenSearch {
    /// Writes lines to an index that was created, and says what became of each of the `sent`.
    ///
    /// # Errors
    /// If the request as a whole failed; what became of its lines is then unknown.
    pub(super) async fn bulk(
        &self,
        name: &str,
        lines: Body,
        sent: usize,
    ) -> Result<Vec<BulkItem>, StoreError> {
        let path = format!(
            "/{}/_bulk?require_alias=true&filter_path=items.index.status,items.index.error",
            writing(name)
        );
        let answer: Result<BulkAnswer, _> = self.http.ask(Method::POST, &path, lines).await?;
        let items = match answer {
            Ok(BulkAnswer { items }) => items,
            Err(failure) if failure.is_gone() => return Err(gone(name)),
            Err(failure) => return Err(not_rejected(failure.class(&format!("writing to {name}")))),
        };
        if items.len() != sent {
            return Err(StoreError::Transient(format!(
                "OpenSearch answered for {} of {sent} documents of {name}",
                items.len()
            )));
        }
        Ok(items.into_iter().map(|line| line.index).collect())
    }

    /// These documents as they are now, found by searches or not.
    ///
    /// # Errors
    /// If the request as a whole failed.
    pub(super) async fn get_sources(
        &self,
        name: &str,
        ids: &[&str],
    ) -> Result<Vec<Got>, StoreError> {
        #[derive(Deserialize)]
        struct All {
            docs: Vec<Got>,
        }
        let path = format!("/{name}/_mget?_source_excludes=stems");
        let answer: Result<All, _> =
            self.http.ask(Method::POST, &path, Body::Json(json!({"ids": ids}))).await?;
        let unread = |failure: Failure| not_rejected(failure.class(&format!("reading {name}")));
        answer.map(|all| all.docs).map_err(unread)
    }
}
