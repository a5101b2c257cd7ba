//! Checkpoints: a document for each partition, whose external version is the sequence, so that it only moves forward.

use std::fmt::Write;
use std::sync::Arc;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::OpenSearch;
use super::failure::{Failure, graver, not_rejected};
use super::http::Body;
use crate::error::StoreError;
use crate::view::{Checkpoint, View};

/// Far more partitions than one read model has.
const MOST: usize = 10_000;

#[derive(Deserialize)]
struct Answer {
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    total: Total,
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Total {
    value: usize,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_source")]
    source: Kept,
}

#[derive(Deserialize)]
struct Kept {
    stream: Arc<str>,
    partition: u32,
    sequence: u64,
}

impl OpenSearch {
    /// Moves them forward; one that stands further already stays there.
    pub(super) async fn write_checkpoints(
        &self,
        view: View,
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        if checkpoints.is_empty() {
            return Ok(());
        }
        let name = self.names.checkpoints(view.model, view.generation);
        let mut lines = String::new();
        for Checkpoint { stream, partition, sequence } in checkpoints {
            let id = format!("{stream}/{partition}");
            let what =
                json!({"index": {"_id": id, "version": sequence, "version_type": "external"}});
            let kept = json!({"stream": stream, "partition": partition, "sequence": sequence});
            let _ = writeln!(lines, "{what}\n{kept}");
        }
        let items = self.bulk(&name, Body::Lines(lines.into_bytes()), checkpoints.len()).await?;
        let mut failed = None;
        for item in items {
            let Some(cause) = item.error else { continue };
            let failure = Failure::new(item.status, cause);
            if failure.is_conflict() {
                continue;
            }
            let error = of_checkpoint(&name, &failure);
            failed = Some(match failed {
                Some(before) => graver(before, error),
                None => error,
            });
        }
        failed.map_or(Ok(()), Err)
    }

    /// All of a view's. What they say has been applied, later searches of this process find.
    pub(super) async fn read_checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        let name = self.names.checkpoints(view.model, view.generation);
        self.refresh(&name).await?;
        let path = format!("/{name}/_search");
        let all = json!({"size": MOST, "track_total_hits": true, "query": {"match_all": {}}});
        let answer: Result<Answer, _> = self.http.ask(Method::POST, &path, Body::Json(all)).await?;
        let hits = answer.map_err(|failure| unreadable(&name, &failure))?.hits;
        if hits.hits.len() < hits.total.value {
            return Err(StoreError::Fatal(format!(
                "{name} has {} checkpoints; something else writes into it",
                hits.total.value
            )));
        }
        self.views.has_news(view);
        let mut checkpoints = Vec::with_capacity(hits.hits.len());
        for Hit { source: Kept { stream, partition, sequence } } in hits.hits {
            checkpoints.push(Checkpoint { stream, partition, sequence });
        }
        Ok(checkpoints)
    }

    /// Makes searches find what has been written.
    pub(super) async fn refresh(&self, name: &str) -> Result<(), StoreError> {
        let answer =
            self.http.send(Method::POST, &format!("/{name}/_refresh"), Body::Nothing).await?;
        answer.failure().map_or(Ok(()), |failure| Err(unreadable(name, &failure)))
    }
}

/// Reading what is gone may work the next time: another generation is live then.
pub(super) fn unreadable(name: &str, failure: &Failure) -> StoreError {
    if failure.is_gone() {
        return StoreError::Transient(format!("the index {name} is gone"));
    }
    failure.class(&format!("reading {name}"))
}

fn of_checkpoint(name: &str, failure: &Failure) -> StoreError {
    if failure.is_gone() {
        return super::write::gone(name);
    }
    not_rejected(failure.class(&format!("writing the checkpoint into {name}")))
}
