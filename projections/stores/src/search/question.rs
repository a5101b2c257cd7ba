//! What a cursor belongs to: the same text, filters and sort.

use xxhash_rust::xxh3::xxh3_64;

use super::query::Query;
use crate::error::StoreError;

/// Identifies the question that a cursor belongs to; put it into the cursor and compare.
#[must_use]
pub fn question_of(query: &Query) -> u64 {
    let Query { text, filters, sort, .. } = query;
    xxh3_64(format!("{text:?} {filters:?} {sort:?}").as_bytes())
}

/// What a cursor of another question, or one made up, is answered with.
#[must_use]
pub fn foreign_cursor() -> StoreError {
    StoreError::Rejected("the cursor belongs to another question; start from the first page".into())
}
