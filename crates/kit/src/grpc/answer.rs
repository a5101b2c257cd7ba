//! Answers to commands: the message, and in the metadata what REST says in headers.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chimera_engine::Position;
use tonic::Response;
use tonic::metadata::MetadataMap;

use crate::position::header_of;
use crate::prefer::Wait;

/// The answer to a command that stands at `position`.
#[must_use]
pub fn answer<T>(message: T, position: &Position) -> Response<T> {
    with(message, [header_of(position)])
}

/// The same where the caller may have preferred to wait.
#[must_use]
pub fn answer_after_waiting<T>(message: T, position: &Position, wait: Wait) -> Response<T> {
    with(message, [header_of(position)].into_iter().chain(wait.applied()))
}

fn with<T>(
    message: T,
    headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
) -> Response<T> {
    let mut response = Response::new(message);
    *response.metadata_mut() = MetadataMap::from_headers(HeaderMap::from_iter(headers));
    response
}
