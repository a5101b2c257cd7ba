//! Requests and answers. Knows nothing of documents; never repeats a request by itself.

use std::time::Duration;

use reqwest::{Certificate, Client, Method};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::failure::{self, Failure};
use super::options::OpenSearchOptions;
use crate::error::StoreError;

const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// One pool of connections to one address.
pub(super) struct Http {
    client: Client,
    url: String,
    login: Option<(String, String)>,
}

/// What goes with a request.
pub(super) enum Body {
    Nothing,
    Json(Json),
    /// JSON objects, each on a line of its own.
    Lines(Vec<u8>),
}

/// What came back.
pub(super) struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Http {
    pub(super) fn new(options: &OpenSearchOptions) -> Result<Self, StoreError> {
        let mut client =
            Client::builder().connect_timeout(CONNECT_WITHIN).timeout(options.timeout).no_proxy();
        if let Some(path) = &options.ca {
            let unusable = |reason: String| {
                let path = path.display();
                StoreError::Fatal(format!("the certificates in {path} cannot be used: {reason}"))
            };
            let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
            let certificates =
                Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
            for certificate in certificates {
                client = client.add_root_certificate(certificate);
            }
        }
        let client = client
            .build()
            .map_err(|error| StoreError::Fatal(format!("no HTTP client: {}", told(error))))?;
        let url = options.url.trim_end_matches('/').to_owned();
        Ok(Self { client, url, login: options.login.clone() })
    }

    /// Sends one request. `path` begins with a stroke and is encoded already.
    ///
    /// # Errors
    /// [`StoreError::Transient`] if no whole answer came; whether the request took effect is then unknown.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<Answer, StoreError> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some((user, password)) = &self.login {
            request = request.basic_auth(user, Some(password));
        }
        request = match body {
            Body::Nothing => request,
            Body::Json(json) => request.json(&json),
            Body::Lines(lines) => {
                request.header("content-type", "application/x-ndjson").body(lines)
            }
        };
        let response = request.send().await.map_err(unanswered)?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(unanswered)?;
        Ok(Answer { status, body: body.into() })
    }

    /// As [`Http::send`], for an answer that must be a success of this shape.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<Result<T, Failure>, StoreError> {
        let answer = self.send(method, path, body).await?;
        if let Some(failure) = answer.failure() {
            return Ok(Err(failure));
        }
        answer.read().map(Ok)
    }
}

impl Answer {
    /// What went wrong, unless nothing did.
    pub(super) fn failure(&self) -> Option<Failure> {
        if (200..300).contains(&self.status) {
            return None;
        }
        Some(failure::of_answer(self.status, &self.body))
    }

    /// The body of a success.
    ///
    /// # Errors
    /// [`StoreError::Transient`] if it is something else, as what stands before a cluster may answer.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            StoreError::Transient(format!("OpenSearch's answer cannot be understood: {error}"))
        })
    }
}

fn unanswered(error: reqwest::Error) -> StoreError {
    let what = if error.is_timeout() {
        "OpenSearch did not answer in time"
    } else if error.is_connect() {
        "OpenSearch cannot be reached"
    } else {
        "the connection to OpenSearch broke"
    };
    StoreError::Transient(format!("{what}: {}", told(error)))
}

/// With its causes, which the error's own text leaves out, and without the address.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
