//! Going through all keys of a pattern in small steps. Redis may give a key more than once, in no order.

use redis::{Value, cmd};

use super::connection::{Connection, Session};
use super::failure;
use super::views::pipeline;
use crate::error::StoreError;

/// Keys that Redis looks at in one step: about a millisecond, in which it serves nobody else.
const STEP: usize = 2_000;

/// A walk, and where it is.
pub(super) struct Walk<'a> {
    pattern: &'a str,
    cursor: Option<Vec<u8>>,
}

impl<'a> Walk<'a> {
    /// At the beginning.
    pub(super) fn over(pattern: &'a str) -> Self {
        Self { pattern, cursor: Some(b"0".to_vec()) }
    }

    /// What the next step finds, often nothing; none after the last one.
    pub(super) async fn next(
        &mut self,
        connection: &Connection,
        session: &Session,
    ) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        let Some(cursor) = self.cursor.take() else {
            return Ok(None);
        };
        let mut command = cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(self.pattern).arg("COUNT").arg(STEP);
        let answer = connection.answers(session, &pipeline(command)).await?.pop();
        let (next, found) = understood(answer.unwrap_or_default())?;
        self.cursor = (next != b"0").then_some(next);
        Ok(Some(found))
    }
}

fn understood(answer: Value) -> Result<(Vec<u8>, Vec<Vec<u8>>), StoreError> {
    let Value::Array(pair) = answer else { return Err(failure::unexpected(&answer)) };
    let Ok([Value::BulkString(cursor), Value::Array(found)]) = <[Value; 2]>::try_from(pair) else {
        return Err(failure::unexpected(&Value::Nil));
    };
    let mut keys = Vec::with_capacity(found.len());
    for key in found {
        let Value::BulkString(key) = key else { return Err(failure::unexpected(&key)) };
        keys.push(key);
    }
    Ok((cursor, keys))
}
