//! The answer to a question, as OpenSearch gives it and as readers get it.

use std::collections::BTreeMap;

use chimera_model::SearchSpec;
use serde::Deserialize;
use serde_json::Value as Json;

use super::bulk::Readable;
use super::facets::{Counted, counts};
use super::{cursor, highlight};
use crate::error::StoreError;
use crate::search::{Document, Found, Hit, Query, Sort, question_of};

/// The answer to a search.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) hits: Hits,
    #[serde(default)]
    aggregations: Counted,
}

/// Its hits.
#[derive(Deserialize)]
pub(super) struct Hits {
    #[serde(default)]
    total: Total,
    pub(super) hits: Vec<RawHit>,
}

#[derive(Default, Deserialize)]
struct Total {
    value: u64,
}

/// One of them.
#[derive(Deserialize)]
pub(super) struct RawHit {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(default, rename = "_score")]
    score: Option<f32>,
    #[serde(rename = "_source")]
    pub(super) source: Readable,
    #[serde(default)]
    pub(super) sort: Vec<Json>,
    #[serde(default)]
    highlight: BTreeMap<String, Vec<String>>,
}

impl RawHit {
    /// The document, unless it is none.
    ///
    /// # Errors
    /// With what is damaged.
    pub(super) fn document(
        source: Readable,
        id: &str,
        spec: &SearchSpec,
    ) -> Result<Option<Document>, String> {
        let source = source.0?;
        if source.id != id {
            return Err("it holds another id".to_owned());
        }
        source.document(spec)
    }
}

impl Answer {
    /// What readers get. There is one hit more than was asked for if there is another page.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] for a damaged document, with its id.
    pub(super) fn found(
        self,
        name: &str,
        spec: &SearchSpec,
        query: &Query,
    ) -> Result<Found, StoreError> {
        let Hits { total, hits: mut raw } = self.hits;
        let has_more = raw.len() > query.limit;
        raw.truncate(query.limit);
        let last = raw.last().filter(|_| has_more);
        let next = last.map(|hit| cursor::after(question_of(query), &hit.sort));
        let mut hits = Vec::with_capacity(raw.len());
        for hit in raw {
            hits.push(of_hit(hit, name, spec, query)?);
        }
        let facets = counts(spec, &query.facets, self.aggregations).map_err(|reason| {
            StoreError::Fatal(format!("OpenSearch's answer for {name} makes no sense: {reason}"))
        })?;
        Ok(Found { total: total.value, hits, facets, next })
    }
}

fn of_hit(hit: RawHit, name: &str, spec: &SearchSpec, query: &Query) -> Result<Hit, StoreError> {
    let RawHit { id, score, source, highlight: marked, .. } = hit;
    let by_words = query.text.is_some() && query.sort == Sort::Relevance;
    let score = score.filter(|_| by_words).unwrap_or(0.0);
    let highlights = highlight::pieces(spec, &query.highlight, &marked);
    match RawHit::document(source, &id, spec) {
        Ok(document) => Ok(Hit { id, score, document: document.unwrap_or_default(), highlights }),
        Err(reason) => Err(damaged(&id, name, &reason)),
    }
}

pub(super) fn damaged(id: &str, name: &str, reason: &str) -> StoreError {
    StoreError::Fatal(format!(
        "document {id} of {name} is not what was written: {reason}; rebuild the read model with `replay run`"
    ))
}
