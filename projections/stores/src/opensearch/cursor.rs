//! Where a page ended, as bytes: the question it belongs to, and the sort values of its last hit.

use serde_json::Value as Json;

use crate::error::StoreError;
use crate::page::Cursor;
use crate::search::foreign_cursor;

const QUESTION: usize = size_of::<u64>();

/// After a hit of this question.
pub(super) fn after(question: u64, sort: &[Json]) -> Cursor {
    let mut bytes = question.to_be_bytes().to_vec();
    bytes.extend_from_slice(Json::from(sort.to_vec()).to_string().as_bytes());
    Cursor::from_bytes(bytes)
}

/// The sort values, if it belongs to this question and has so many of them.
///
/// # Errors
/// [`StoreError::Rejected`].
pub(super) fn values(question: u64, cursor: &Cursor, sorts: usize) -> Result<Json, StoreError> {
    let Some((of, sort)) = cursor.as_bytes().split_at_checked(QUESTION) else {
        return Err(foreign_cursor());
    };
    if of != question.to_be_bytes() {
        return Err(foreign_cursor());
    }
    match serde_json::from_slice(sort) {
        Ok(Json::Array(values)) if values.len() == sorts && values.iter().all(is_plain) => {
            Ok(Json::Array(values))
        }
        Ok(_) | Err(_) => Err(foreign_cursor()),
    }
}

fn is_plain(value: &Json) -> bool {
    !value.is_array() && !value.is_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_and_belongs_to_one_question() {
        let sort = [json!(9_223_372_036_854_775_807_i64), json!(null), json!("id \"1\"")];
        let cursor = after(7, &sort);
        assert_eq!(values(7, &cursor, 3), Ok(Json::from(sort.to_vec())));
        assert_eq!(values(8, &cursor, 3), Err(foreign_cursor()));
        assert_eq!(values(7, &cursor, 2), Err(foreign_cursor()));
    }

    #[test]
    fn a_cursor_that_was_made_up_is_refused() {
        for bytes in [&b""[..], b"short", b"\0\0\0\0\0\0\0\x07{\"a\":1}", b"\0\0\0\0\0\0\0\x07[{}]"]
        {
            let cursor = Cursor::from_bytes(bytes.to_vec());
            assert_eq!(values(7, &cursor, 1), Err(foreign_cursor()), "{bytes:?}");
        }
    }
}
