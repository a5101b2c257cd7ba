//! An answer that is right but not the usual one: given from elsewhere while a store is away, and said to be so.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer, and what a client should know of how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warned<T> {
    /// The answer.
    pub content: T,
    /// Plain ASCII without quotes, the same for all answers of its kind; none where everything is as usual.
    pub warning: Option<&'static str>,
}

impl<T> Warned<T> {
    /// The usual answer.
    pub fn usual(content: T) -> Self {
        Self { content, warning: None }
    }

    /// An answer that is not.
    pub fn with(warning: &'static str, content: T) -> Self {
        Self { content, warning: Some(warning) }
    }

    /// The same with another content.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Warned<U> {
        Warned { content: change(self.content), warning: self.warning }
    }
}

impl<T: Serialize> IntoResponse for Warned<Json<T>> {
    fn into_response(self) -> Response {
        let mut response = self.content.into_response();
        let text = self.warning.map(|warning| format!("199 chimera \"{warning}\""));
        if let Some(Ok(value)) = text.map(|text| HeaderValue::from_str(&text)) {
            response.headers_mut().insert(header::WARNING, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_stands_in_the_header_and_the_usual_answer_has_none() {
        let warned = Warned::with("the cache is away", Json(1)).into_response();
        assert_eq!(warned.headers()[header::WARNING], "199 chimera \"the cache is away\"");
        let usual = Warned::usual(Json(1)).into_response();
        assert!(!usual.headers().contains_key(header::WARNING));
    }
}
