//! Reading values. Whether the view is there is asked behind them in the same pipeline: a value that was missing was missing from a
//! view that was still there, and no reader waits twice.

use chimera_model::KvSpec;
use redis::{Cmd, Pipeline, Value, cmd};

use super::connection::Connection;
use super::failure;
use super::keys::Keys;
use super::parts;
use super::views::{ask_layout, readable, text};
use crate::error::StoreError;
use crate::kv::KvValue;
use crate::view::View;

/// Values asked for at once; Redis serves others in between.
pub(super) const AT_ONCE: usize = 500;

/// A value as it was found, or what is wrong with it.
pub(super) type Found = Result<Option<KvValue>, String>;

/// The values of these ids, in this order.
pub(super) async fn read(
    connection: &Connection,
    keys: &Keys,
    view: View,
    space: &KvSpec,
    ids: &[&[u8]],
) -> Result<Vec<Found>, StoreError> {
    let value_keys = keys.values(space.space, view.generation);
    let mut found = Vec::with_capacity(ids.len());
    // At least one: that the view is there is to be known even of no value.
    for part in ids.chunks(AT_ONCE).chain(ids.is_empty().then_some(ids)) {
        let mut commands = Pipeline::with_capacity(part.len() + 1);
        for id in part {
            commands.add_command(ask_value(&value_keys.of(id)));
        }
        commands.add_command(ask_layout(keys, view));
        let mut answers = connection.ask(&commands).await?;
        readable(view, space, text(answers.pop().unwrap_or_default())?)?;
        for answer in answers {
            found.push(understood(space, answer)?);
        }
    }
    Ok(found)
}

fn ask_value(key: &[u8]) -> Cmd {
    let mut command = cmd("HGETALL");
    command.arg(key);
    command
}

/// An error that says nothing of this value is an error of the call.
fn understood(space: &KvSpec, answer: Value) -> Result<Found, StoreError> {
    match &answer {
        Value::ServerError(error) if error.code() != "WRONGTYPE" => Err(failure::of_answer(error)),
        _ => Ok(parts::decode(space, answer)),
    }
}
