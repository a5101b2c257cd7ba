//! `replay dlq drop`: events that shall never be applied to the live generation.

use super::{Asked, Desk, asked};
use crate::cli::OneAggregate;
use crate::failure::Failure;
use crate::operator::{confirm, who};

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
    let what = if all { "all waiting events" } else { "the first waiting event" };
    confirm(yes, &format!("drop {what} of {} from {} for good?", of.id, of.model))
}
