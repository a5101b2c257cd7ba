//! Taking a view away: nobody sees it any more, then its checkpoints go, then its values in small steps, and last what told of them.
//!
//! An interrupted removal is finished by the next one, or by the next creation of the same view. Only deletes are needed, so it
//! works in a Redis that is full.

use redis::{Cmd, Pipeline, Value, cmd};

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
    Removal { connection, session, keys, view }.run().await
}

struct Removal<'a> {
    connection: &'a Connection,
    session: Session,
    keys: &'a Keys,
    view: View,
}

impl Removal<'_> {
    async fn run(&self) -> Result<(), StoreError> {
        let generation = self.view.generation;
        let Some(spaces) = views::text(self.answer(ask_spaces(self.keys, self.view)).await?)?
        else {
            return Ok(());
        };
        // The layout first: a checkpoint without it is not believed.
        self.delete_fields(&[&keys::layout_field(generation)]).await?;
        let known = Known::parse(self.answer(ask_all(self.keys, self.view.model)).await?)?;
        self.delete_fields(&known.checkpoint_fields(generation)).await?;
        for space in Layout::parse(spaces)?.spaces() {
            let pattern = self.keys.values(space, generation).pattern();
            // Again, for what a writer that had begun before has added meanwhile.
            while self.unlink(&pattern).await? > 0 {}
        }
        self.delete_fields(&[&keys::spaces_field(generation)]).await
    }

    /// Frees the keys step by step and says how many there were; Redis gives the memory back in the background.
    async fn unlink(&self, pattern: &str) -> Result<usize, StoreError> {
        let (mut walk, mut count) = (Walk::over(pattern), 0);
        while let Some(found) = walk.next(self.connection, &self.session).await? {
            if found.is_empty() {
                continue;
            }
            count += found.len();
            let mut commands = Pipeline::with_capacity(found.len());
            for key in found {
                let mut command = cmd("UNLINK");
                command.arg(key);
                commands.add_command(command);
            }
            failure::in_none_of(&self.connection.answers(&self.session, &commands).await?)?;
        }
        Ok(count)
    }

    async fn delete_fields(&self, fields: &[&str]) -> Result<(), StoreError> {
        if fields.is_empty() {
            return Ok(());
        }
        let mut command = cmd("HDEL");
        command.arg(self.keys.views(self.view.model)).arg(fields);
        failure::in_none_of(&[self.answer(command).await?])
    }

    async fn answer(&self, command: Cmd) -> Result<Value, StoreError> {
        let answers = self.connection.answers(&self.session, &pipeline(command)).await?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }
}
