//! Cursors: Cassandra's paging state behind a checksum that also covers what it is a page of.
//!
//! Neither names a generation, so a cursor stays valid when another one becomes live.

use chimera_model::TableSpec;
use scylla::response::{PagingState, PagingStateResponse};
use xxhash_rust::xxh3::Xxh3;

use crate::error::StoreError;
use crate::page::Cursor;

const SUM: usize = 8;

/// What a page is of: a table, and the bytes of a partition key, none for the whole table.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) table: &'static TableSpec,
    pub(super) partition: &'a [u8],
}

impl Of<'_> {
    /// Where to go on.
    pub(super) fn start(self, after: Option<&Cursor>) -> Result<PagingState, StoreError> {
        let Some(cursor) = after else {
            return Ok(PagingState::start());
        };
        let Some((sum, state)) = cursor.as_bytes().split_first_chunk::<SUM>() else {
            return Err(refused());
        };
        if *sum != self.sum(state) {
            return Err(refused());
        }
        Ok(PagingState::new_from_raw_bytes(state))
    }

    /// A cursor to what follows, if anything may.
    pub(super) fn next(self, state: &PagingStateResponse) -> Option<Cursor> {
        let PagingStateResponse::HasMorePages { state } = state else {
            return None;
        };
        let state = state.as_bytes_slice()?;
        let mut bytes = self.sum(state).to_vec();
        bytes.extend_from_slice(state);
        Some(Cursor::from_bytes(bytes))
    }

    fn sum(self, state: &[u8]) -> [u8; SUM] {
        let mut hash = Xxh3::new();
        for part in [self.table.name.as_bytes(), self.partition] {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(state);
        hash.digest().to_le_bytes()
    }
}

/// As of every cursor that is no cursor of this list.
pub(super) fn refused() -> StoreError {
    StoreError::Rejected("the cursor belongs to another list".into())
}
