//! Settings of a view's indices that may change: without copies and periodic refreshes while it is filled.
//!
//! What was applied is still confirmed by the translog, and still found by the next search, which asks for a refresh itself.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::OpenSearch;
use super::failure::not_rejected;
use super::http::Body;
use crate::error::StoreError;
use crate::search::Purpose;
use crate::view::View;

/// How often an index that is read shows what is new to those who search it with tools of their own.
pub(super) const REFRESH: &str = "1s";

impl OpenSearch {
    pub(super) async fn tune_view(&self, view: View, purpose: Purpose) -> Result<(), StoreError> {
        let known = self.known_view(view).await?;
        let settings = self.tuned(purpose);
        for index in known.described.indices.keys() {
            let name = self.names.data(index, view.generation);
            let path = format!("/{name}/_settings");
            let body = Body::Json(settings.clone());
            let answer = self.http.send(Method::PUT, &path, body).await?;
            if let Some(failure) = answer.failure() {
                return Err(not_rejected(failure.class(&format!("the settings of {name}"))));
            }
        }
        Ok(())
    }

    fn tuned(&self, purpose: Purpose) -> Json {
        let (refresh, replicas) = match purpose {
            Purpose::Filling => ("-1", 0),
            Purpose::Serving => (REFRESH, self.options.replicas),
        };
        json!({"index": {"refresh_interval": refresh, "number_of_replicas": replicas}})
    }
}
