//! Query and path parameters, with problems that name the parameter.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::codes;
use crate::problem::Problem;

/// The query of a request as `T`; unknown names are refused where `T` refuses them. `after` belongs to every read and is left out.
#[derive(Debug, Clone, Copy)]
pub struct Params<T>(pub T);

/// The first variable part of the path, as an id.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

/// The names and values of a query, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri(query))
        .map_or_else(|_| Vec::new(), |query| query.0)
}

fn uri(query: &str) -> axum::http::Uri {
    format!("/?{query}").parse().unwrap_or_default()
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("after=")).collect();
        let kept = uri(&kept.join("&"));
        let parsed = axum::extract::Query::<T>::try_from_uri(&kept);
        parsed
            .map(|query| Self(query.0))
            .map_err(|rejection| Problem::new(codes::REQUEST_BAD_PARAMETER, innermost(&rejection)))
    }
}

/// What serde said, without the words of those who passed it on.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

impl<S, T> FromRequestParts<S> for Id<T>
where
    S: Send + Sync,
    T: for<'a> TryFrom<&'a str>,
    for<'a> <T as TryFrom<&'a str>>::Error: std::fmt::Display,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let bad = |detail: String| Problem::new(codes::REQUEST_BAD_PARAMETER, detail).at("id");
        let path: Result<Path<Vec<(String, String)>>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        let Path(parts) = path.map_err(|rejection| bad(rejection.body_text()))?;
        let text = parts.first().map_or("", |(_, text)| text.as_str());
        T::try_from(text).map(Self).map_err(|error| bad(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Listing {
        limit: Option<u32>,
    }

    async fn listing(uri: &str) -> Result<Listing, Problem> {
        let mut parts = Request::get(uri).body(()).unwrap().into_parts().0;
        Params::from_request_parts(&mut parts, &()).await.map(|Params(listing)| listing)
    }

    #[tokio::test]
    async fn the_position_is_nobody_elses_parameter() {
        let expected = Listing { limit: Some(3) };
        assert_eq!(listing("/?limit=3&after=s/1/2").await, Ok(expected));
    }

    #[tokio::test]
    async fn an_unknown_or_wrong_parameter_is_refused() {
        for bad in ["/?limti=3", "/?limit=three", "/?limit=-1"] {
            assert_eq!(listing(bad).await.unwrap_err().code(), "request.bad_parameter", "{bad}");
        }
    }
}
