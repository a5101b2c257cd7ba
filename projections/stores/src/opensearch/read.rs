//! Searching, getting one document, and reading all of them.

use chimera_model::SearchSpec;
use reqwest::Method;
use serde_json::json;

use super::OpenSearch;
use super::checkpoints::unreadable;
use super::failure::Failure;
use super::hits::{Answer, RawHit, damaged};
use super::http::Body;
use super::{cursor, facets, highlight, question};
use crate::error::StoreError;
use crate::page::{Cursor, Page, Scanned};
use crate::search::{Document, Found, Query, check_query, question_of};
use crate::view::View;

/// How many documents a page of a scan has at most; OpenSearch gives no more at once.
const MOST_SCANNED: usize = 10_000;
/// What cursors of scans belong to.
const SCAN: u64 = u64::from_be_bytes(*b"the scan");

/// What is left out of sources: the texts stand in them twice.
const WITHOUT_STEMS: [&str; 1] = ["stems"];

type ScanPage = Page<Scanned<String, (String, Document)>>;

impl OpenSearch {
    pub(super) async fn find(
        &self,
        view: View,
        spec: &'static SearchSpec,
        query: &Query,
    ) -> Result<Found, StoreError> {
        check_query(spec, query)?;
        let question = question_of(query);
        let order = question::order(spec, query);
        let mut body = json!({
            "query": question::selection(spec, query),
            "size": query.limit + usize::from(query.limit > 0),
            "track_total_hits": true,
            "_source": {"excludes": WITHOUT_STEMS},
        });
        if let Some(after) = &query.after {
            body["search_after"] = cursor::values(question, after, order.len())?;
        }
        body["sort"] = order.into();
        if !query.facets.is_empty() {
            body["aggregations"] = facets::aggregations(spec, &query.facets);
        }
        if let Some(asked) = highlight::asked(spec, &query.highlight) {
            body["highlight"] = asked;
        }
        let index = self.index(view, spec);
        index.refreshed(|| self.refresh(&index.name)).await?;
        // The same copies of the shards for all pages: scores of two copies may differ.
        let path = format!("/{}/_search?preference=q{question:x}", index.name);
        let answer = self.search_for(&index.name, &path, body).await?;
        answer.found(&index.name, spec, query)
    }

    async fn search_for(
        &self,
        name: &str,
        path: &str,
        body: serde_json::Value,
    ) -> Result<Answer, StoreError> {
        let path = format!("{path}&allow_partial_search_results=false");
        let answer = self.http.ask(Method::POST, &path, Body::Json(body)).await?;
        answer.map_err(|failure: Failure| unreadable(name, &failure))
    }

    pub(super) async fn read_document(
        &self,
        view: View,
        spec: &'static SearchSpec,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        let name = self.names.of_spec(view, spec);
        if id.is_empty() {
            return Ok(None);
        }
        let Some(got) = self.get_sources(&name, &[id]).await?.pop() else { return Ok(None) };
        if let Some(cause) = got.error {
            return Err(unreadable(&name, &Failure::new(404, cause)));
        }
        let Some(source) = got.source else { return Ok(None) };
        RawHit::document(source, id, spec).map_err(|reason| damaged(id, &name, &reason))
    }

    pub(super) async fn scan_documents(
        &self,
        view: View,
        spec: &'static SearchSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let name = self.names.of_spec(view, spec);
        let limit = limit.clamp(1, MOST_SCANNED);
        let mut body = json!({
            "query": {"bool": {"must_not": [{"term": {"empty": true}}]}},
            "size": limit,
            "track_total_hits": false,
            "sort": [{"id": "asc"}],
            "_source": {"excludes": WITHOUT_STEMS},
        });
        match after {
            Some(after) => body["search_after"] = cursor::values(SCAN, after, 1)?,
            None => self.refresh(&name).await?,
        }
        let path = format!("/{name}/_search?preference=scan");
        let hits = self.search_for(&name, &path, body).await?.hits.hits;
        let last = hits.last().filter(|_| hits.len() == limit);
        let next = last.map(|hit| cursor::after(SCAN, &hit.sort));
        let mut items = Vec::with_capacity(hits.len());
        for hit in hits {
            let document = RawHit::document(hit.source, &hit.id, spec);
            items.push(match document {
                Ok(Some(document)) => Scanned::Sound((hit.id, document)),
                Ok(None) => Scanned::Damaged {
                    key: Some(hit.id),
                    reason: "it has no part and does not say so".to_owned(),
                },
                Err(reason) => Scanned::Damaged { key: Some(hit.id), reason },
            });
        }
        Ok(Page { items, next })
    }
}
