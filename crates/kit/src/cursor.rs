//! Pages of lists: opaque cursors that cannot be made up or used elsewhere, and limits.
//!
//! A cursor is base64url of version, checksum and content; the checksum covers which list it belongs to.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::codes;
use crate::problem::Problem;

const VERSION: u8 = 1;
const SEED: u64 = 0x4348_494d_4552_4131;
/// The most items of a page.
pub const MOST_ITEMS: u32 = 100;
/// The items of a page where nobody said.
pub const USUAL_ITEMS: u32 = 20;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// What is on it, in the order of the list.
    pub items: Vec<T>,
    /// Send it as `cursor` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The cursor of `list` (its address and everything that selects from it) that holds `content`.
#[must_use]
pub fn seal(list: &str, content: &[u8]) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&checksum(list, content));
    bytes.extend_from_slice(content);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a cursor of `list` holds.
///
/// # Errors
/// `cursor.invalid` if it was changed, or made for another list.
pub fn open(list: &str, cursor: &str) -> Result<Vec<u8>, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
    match bytes.split_first_chunk::<9>() {
        Some((head, content)) if head[0] == VERSION && head[1..] == checksum(list, content) => {
            Ok(content.to_vec())
        }
        _ => {
            let detail = "the cursor was not made by this list; start again without one";
            Err(Problem::new(codes::CURSOR_INVALID, detail).at("cursor"))
        }
    }
}

/// How many items to give.
///
/// # Errors
/// `limit.out_of_range` if that is none or too many.
pub fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(USUAL_ITEMS);
    if limit == 0 || limit > MOST_ITEMS {
        let detail = format!("limit must be from 1 to {MOST_ITEMS}");
        return Err(Problem::new(codes::LIMIT_OUT_OF_RANGE, detail).at("limit"));
    }
    Ok(usize::try_from(limit).unwrap_or_default())
}

fn checksum(list: &str, content: &[u8]) -> [u8; 8] {
    let of_list = xxh3_64_with_seed(list.as_bytes(), SEED);
    xxh3_64_with_seed(content, of_list).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = seal("orders of alice", b"17");
        assert_eq!(open("orders of alice", &cursor), Ok(b"17".to_vec()));
        assert_eq!(open("orders of bob", &cursor).unwrap_err().code(), "cursor.invalid");
    }

    #[test]
    fn a_limit_is_from_1_to_100_and_20_if_nobody_says() {
        assert_eq!(limit(None), Ok(20));
        assert_eq!(limit(Some(100)), Ok(100));
        for bad in [0, 101, u32::MAX] {
            assert_eq!(limit(Some(bad)).unwrap_err().code(), "limit.out_of_range");
        }
    }

    proptest! {
        #[test]
        fn any_content_comes_back_and_no_changed_cursor_does(content: Vec<u8>, at: usize) {
            let cursor = seal("list", &content);
            prop_assert_eq!(open("list", &cursor), Ok(content));
            let mut changed = cursor.into_bytes();
            let place = at % changed.len();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            prop_assert!(open("list", &changed).is_err());
        }

        #[test]
        fn nonsense_is_refused(cursor in "\\PC*") {
            prop_assert!(open("list", &cursor).is_err());
        }
    }
}
