//! Taking a view away: nobody sees it any more, then its checkpoints go, then its values in small steps, and last what told of them.
//!
//! An interrupted removal is finished by the next one, or by the next creation of the same view. Only deletes are needed, so it
//! works in a Redis that is full.

use redis::{Pipeline, cmd};

use super::connection::{Connection, Session};
use super::failure;
use super::keys::{self, Keys};
use super::layout::Layout;
use super::views::{self, Known, ask_all, ask_spaces, pipeline};
use super::walk::Walk;
use crate::error::StoreError;
use crate::view::View;

/// Removes a view, or what is left of it.
pub(super) async fn remove(
    connection: &Connection,
    keys: &Keys,
    view: View,
) -> Result<(), StoreError> {
    let session = connection.session().await?;
    let asked = pipeline(ask_spaces(keys, view));
    let Some(spaces) = one_text(connection, &session, &asked).await? else {
        return Ok(());
    };
    close(connection, &session, keys, view).await?;
    for space in Layout::parse(spaces)?.spaces() {
        unlink(connection, &session, &keys.values(space, view.generation).pattern()).await?;
    }
    delete_fields(connection, &session, keys, view, &[&keys::spaces_field(view.generation)]).await
}

async fn one_text(
    connection: &Connection,
    session: &Session,
    commands: &Pipeline,
) -> Result<Option<String>, StoreError> {
    let answer = connection.answers(session, commands).await?.pop();
    views::text(answer.unwrap_or_default())
}

/// Takes the layout away first: a checkpoint without it is not believed.
async fn close(
    connection: &Connection,
    session: &Session,
    keys: &Keys,
    view: View,
) -> Result<(), StoreError> {
    let layout = keys::layout_field(view.generation);
    delete_fields(connection, session, keys, view, &[&layout]).await?;
    let answer = connection.answers(session, &pipeline(ask_all(keys, view.model))).await?.pop();
    let known = Known::parse(answer.unwrap_or_default())?;
    let checkpoints = known.checkpoint_fields(view.generation);
    delete_fields(connection, session, keys, view, &checkpoints).await
}

async fn delete_fields(
    connection: &Connection,
    session: &Session,
    keys: &Keys,
    view: View,
    fields: &[&str],
) -> Result<(), StoreError> {
    if fields.is_empty() {
        return Ok(());
    }
    let mut command = cmd("HDEL");
    command.arg(keys.views(view.model)).arg(fields);
    let answers = connection.answers(session, &pipeline(command)).await?;
    failure::in_none_of(&answers)
}

/// Each step frees what the one before has found; Redis gives the memory back in the background.
async fn unlink(
    connection: &Connection,
    session: &Session,
    pattern: &str,
) -> Result<(), StoreError> {
    let mut walk = Walk::over(pattern);
    while let Some(found) = walk.next(connection, session).await? {
        if found.is_empty() {
            continue;
        }
        let mut commands = Pipeline::with_capacity(found.len());
        for key in found {
            let mut command = cmd("UNLINK");
            command.arg(key);
            commands.add_command(command);
        }
        failure::in_none_of(&connection.answers(session, &commands).await?)?;
    }
    Ok(())
}
