//! Writing values: one script call a value, pipelined in bounded pieces, some of them under way at once.

use chimera_model::KvMutation;
use futures_util::{StreamExt, TryStreamExt, stream};
use redis::{Cmd, Pipeline, Value};

use super::connection::{Connection, Session};
use super::failure;
use super::keys::{Keys, ValueKeys};
use super::merge::Touched;
use super::parts;
use super::scripts::SET_NEWER;
use crate::error::StoreError;
use crate::view::View;

/// A piece has at most this many values, and is not made larger once it has this many bytes: Redis serves others between two pieces.
const PIECE_VALUES: usize = 500;
const PIECE_BYTES: usize = 256 * 1024;
/// While Redis works on one, the next is on its way.
const PIECES_AT_ONCE: usize = 3;

/// Writes all of them, in no particular order; returns when Redis has confirmed each.
pub(super) async fn write(
    connection: &Connection,
    session: &Session,
    keys: &Keys,
    view: View,
    values: &[Touched<'_>],
) -> Result<(), StoreError> {
    let pieces = Pieces { keys, view, values };
    stream::iter(pieces)
        .map(|piece| confirmed(connection, session, piece))
        .buffer_unordered(PIECES_AT_ONCE)
        .try_collect()
        .await
}

async fn confirmed(
    connection: &Connection,
    session: &Session,
    piece: Pipeline,
) -> Result<(), StoreError> {
    for answer in connection.run(session, &SET_NEWER, &piece).await? {
        if answer != Value::Int(1) {
            return Err(failure::unexpected(&answer));
        }
    }
    Ok(())
}

/// Cuts values into pipelines, each when it is asked for.
struct Pieces<'a> {
    keys: &'a Keys,
    view: View,
    values: &'a [Touched<'a>],
}

impl Iterator for Pieces<'_> {
    type Item = Pipeline;

    fn next(&mut self) -> Option<Pipeline> {
        let first = self.values.first()?;
        let mut space = first.space;
        let mut keys = self.keys.values(space.space, self.view.generation);
        let mut piece = Pipeline::with_capacity(PIECE_VALUES.min(self.values.len()));
        let (mut bytes, mut buffer) = (0, String::new());
        while piece.len() < PIECE_VALUES && bytes < PIECE_BYTES {
            let Some((value, rest)) = self.values.split_first() else { break };
            if !std::ptr::eq(space, value.space) {
                space = value.space;
                keys = self.keys.values(space.space, self.view.generation);
            }
            let (command, size) = command(&keys, value, &mut buffer);
            piece.add_command(command);
            bytes += size;
            self.values = rest;
        }
        Some(piece)
    }
}

/// The call for one value, and about how many bytes it has.
fn command(keys: &ValueKeys, value: &Touched, buffer: &mut String) -> (Cmd, usize) {
    let content = |part: &&KvMutation| part.part.len() + part.value.as_ref().map_or(0, String::len);
    let hash = SET_NEWER.get_hash();
    let fixed = hash.len() + keys.overhead() + value.id.len() + 8;
    let size = fixed + value.parts.iter().map(|part| content(part) + 42).sum::<usize>();
    let mut command = Cmd::with_capacity(4 + 3 * value.parts.len(), size);
    command.arg("EVALSHA").arg(hash).arg(1).arg(keys.of(value.id.as_bytes()));
    for part in &value.parts {
        buffer.clear();
        parts::encode(buffer, part.version, part.value.as_deref());
        command.arg(part.part).arg(part.version).arg(buffer.as_str());
    }
    (command, size)
}

#[cfg(test)]
mod tests {
    use chimera_model::KvSpec;

    use super::*;
    use crate::redis_kv::merge::merge;

    static SPACE: KvSpec = KvSpec { space: "product", parts: &["product"] };

    fn sizes(count: usize, content: usize) -> Vec<usize> {
        let mutation = |number: usize| KvMutation {
            space: &SPACE,
            id: number.to_string(),
            part: "product",
            value: Some("x".repeat(content)),
            version: 1,
        };
        let mutations: Vec<_> = (0..count).map(mutation).collect();
        let (keys, values) = (Keys::new("").unwrap(), merge(&mutations).unwrap());
        let pieces = Pieces { keys: &keys, view: View::new("contract", 1), values: &values };
        pieces.map(|piece| piece.len()).collect()
    }

    #[test]
    fn pieces_are_bounded_in_values_and_in_bytes() {
        assert!(sizes(0, 10).is_empty());
        assert_eq!(sizes(2 * PIECE_VALUES + 1, 10), [PIECE_VALUES, PIECE_VALUES, 1]);
        assert_eq!(sizes(4, PIECE_BYTES / 2), [2, 2]);
        assert_eq!(sizes(2, PIECE_BYTES * 2), [1, 1]);
    }
}
