//! `replay dlq drop`: events that shall never be applied to the live generation.

use std::io::{BufRead, IsTerminal, Write};

use super::{Asked, Desk, asked, who};
use crate::cli::OneAggregate;
use crate::failure::Failure;

pub(super) async fn drop(
    desk: &Desk<'_>,
    of: &OneAggregate,
    reason: &str,
    all: bool,
) -> Result<Asked, Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::Usage("--reason must say why".to_owned()));
    }
    let (model, view) = desk.one(&of.model).await?;
    let by = (&*who(), reason);
    let dropped = desk.letters().drop_events((model, view), &of.id, all, by).await;
    desk.carried_out("drop", dropped.map_err(asked)?, &[(model, view)]).await
}

/// What is dropped is not applied even after a fix, so a person is asked, or has said `--yes`.
pub(super) fn confirmed(yes: bool, of: &OneAggregate, all: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage("say --yes where nobody can be asked".to_owned()));
    }
    let what = if all { "all waiting events" } else { "the first waiting event" };
    let mut out = std::io::stderr();
    let _ = write!(out, "drop {what} of {} from {} for good? [y/N] ", of.id, of.model);
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(Failure::failed)?;
    match answer.trim() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Failed("nothing was dropped".to_owned())),
    }
}
