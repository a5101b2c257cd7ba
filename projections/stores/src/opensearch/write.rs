//! Writing documents: what is there, with what is newer merged in, in bulks of which several are under way at once.
//!
//! A document that somebody else has written meanwhile is read again and merged again. Nothing is told as done before OpenSearch
//! has confirmed every document.

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::OpenSearch;
use super::bulk::BulkItem;
use super::check::Pending;
use super::document::{Held, Source};
use super::failure::{Failure, graver, not_rejected};
use super::http::Body;
use super::index::Index;
use super::render::add_lines;
use crate::error::StoreError;

/// How often a document is merged again because others were quicker.
const MOST_ROUNDS: usize = 50;

impl OpenSearch {
    /// Writes these documents of one index, in no particular order.
    ///
    /// # Errors
    /// See [`StoreError`]; others of them may have been written.
    pub(super) async fn write_documents(
        &self,
        index: &Index,
        pending: Vec<Pending>,
    ) -> Result<(), StoreError> {
        let chunks = self.chunks(pending);
        let written = stream::iter(chunks)
            .map(|chunk| self.write_chunk(index, chunk))
            .buffer_unordered(self.options.in_flight)
            .try_collect::<()>()
            .await;
        index.is_newer();
        written
    }

    /// So large that one is one request, as far as that is known before what is there has been read.
    fn chunks(&self, pending: Vec<Pending>) -> Vec<Vec<Pending>> {
        let (mut chunks, mut chunk, mut bytes) = (Vec::new(), Vec::new(), 0);
        for document in pending {
            let parts = document.parts.iter().flatten().filter_map(|part| part.content.as_ref());
            bytes += 200 + parts.map(|content| content.bytes()).sum::<usize>();
            chunk.push(document);
            if chunk.len() >= self.options.bulk_documents || bytes >= self.options.bulk_bytes {
                chunks.push(std::mem::take(&mut chunk));
                bytes = 0;
            }
        }
        if !chunk.is_empty() {
            chunks.push(chunk);
        }
        chunks
    }

    async fn write_chunk(&self, index: &Index, chunk: Vec<Pending>) -> Result<(), StoreError> {
        let mut pending = chunk;
        for _ in 0..MOST_ROUNDS {
            let held = self.held(index, &pending).await?;
            pending = self.write_merged(index, pending, held).await?;
            if pending.is_empty() {
                return Ok(());
            }
            for document in &mut pending {
                document.is_new = false;
            }
        }
        Err(StoreError::Transient(format!(
            "{} documents of {} were written by others all the time",
            pending.len(),
            index.name
        )))
    }

    /// Every document as it is: from memory, from the store, or taken for new.
    async fn held(&self, index: &Index, pending: &[Pending]) -> Result<Vec<Held>, StoreError> {
        let mut held = Vec::with_capacity(pending.len());
        let mut asked = Vec::new();
        for document in pending {
            let known = index.cache.take(&document.id);
            if known.is_none() && !document.is_new {
                asked.push(document.id.as_str());
            }
            held.push(known);
        }
        let mut found = self.ask_held(index, &asked).await?;
        let mut all = Vec::with_capacity(pending.len());
        for (document, known) in pending.iter().zip(held) {
            let known = known.or_else(|| found.remove(&document.id));
            all.push(known.unwrap_or_else(|| Held::nothing(index.spec)));
        }
        Ok(all)
    }

    async fn ask_held(
        &self,
        index: &Index,
        ids: &[&str],
    ) -> Result<HashMap<String, Held>, StoreError> {
        let mut found = HashMap::with_capacity(ids.len());
        if ids.is_empty() {
            return Ok(found);
        }
        for got in self.get_sources(&index.name, ids).await? {
            if let Some(cause) = got.error {
                return Err(unwritable(index, &Failure::new(404, cause)));
            }
            let Some(source) = got.source else { continue };
            let writes = got.version.unwrap_or_default();
            let held = source.0.and_then(|source: Source| source.held(index.spec, writes));
            let held = held.unwrap_or_else(|_damaged| {
                // Written anew: whatever is missing then is found by a comparison and mended by a rebuild.
                Held { writes, ..Held::nothing(index.spec) }
            });
            found.insert(got.id, held);
        }
        Ok(found)
    }

    /// Those for which others were quicker.
    async fn write_merged(
        &self,
        index: &Index,
        pending: Vec<Pending>,
        held: Vec<Held>,
    ) -> Result<Vec<Pending>, StoreError> {
        let (mut lines, mut sent, mut unchanged) = (Vec::new(), Vec::new(), Vec::new());
        for (document, mut held) in pending.into_iter().zip(held) {
            if held.merge(&document.parts) {
                add_lines(&mut lines, index.spec, &document.id, &held);
                held.writes += 1;
                sent.push((document, held));
            } else {
                unchanged.push((document.id, held));
            }
        }
        index.cache.put(unchanged);
        if sent.is_empty() {
            return Ok(Vec::new());
        }
        let items = self.bulk(&index.name, Body::Lines(lines), sent.len()).await?;
        settle(index, sent, items)
    }
}

/// Remembers what was written, gives back what others were quicker with, and fails with the gravest of what failed.
fn settle(
    index: &Index,
    sent: Vec<(Pending, Held)>,
    items: Vec<BulkItem>,
) -> Result<Vec<Pending>, StoreError> {
    let (mut written, mut again, mut failed) = (Vec::new(), Vec::new(), None);
    for ((document, held), item) in sent.into_iter().zip(items) {
        let Some(cause) = item.error else {
            written.push((document.id, held));
            continue;
        };
        let failure = Failure::new(item.status, cause);
        if failure.is_conflict() {
            again.push(document);
            continue;
        }
        let error = failure_of(index, &document, &failure);
        failed = Some(match failed {
            Some(before) => graver(before, error),
            None => error,
        });
    }
    index.cache.put(written);
    failed.map_or(Ok(again), Err)
}

fn failure_of(index: &Index, document: &Pending, failure: &Failure) -> StoreError {
    if failure.is_gone() {
        return unwritable(index, failure);
    }
    let shown: String = document.id.chars().take(80).collect();
    failure.class(&format!("writing document {shown} of {}", index.name))
}

/// An index that is gone is not made again by writing to it.
pub(super) fn unwritable(index: &Index, failure: &Failure) -> StoreError {
    if failure.is_gone() {
        return gone(&index.name);
    }
    not_rejected(failure.class(&format!("writing to {}", index.name)))
}

pub(super) fn gone(name: &str) -> StoreError {
    StoreError::Fatal(format!(
        "the index {name} is not there, or not the one that was created; rebuild the read model with `replay run`"
    ))
}
