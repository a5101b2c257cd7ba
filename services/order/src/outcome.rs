//! Waiting for what follows from a command: asks the shard again whenever the order has changed, until a deadline.

use std::sync::Arc;
use std::time::Duration;

use chimera_domain::order::{Order, Placed, Status};
use chimera_engine::{Current, Router};
use chimera_kit::problem::Problem;
use tokio::time::{Instant, timeout_at};

use crate::problems::problem;

/// How the order stands once `settled` says so, or when the time is over.
pub(crate) async fn settled(
    commands: &Router<Order>,
    key: &Arc<str>,
    within: Option<Duration>,
    settled: fn(&Placed) -> bool,
) -> Result<Current<Order>, Problem> {
    let mut current = commands.read(key).await.map_err(problem)?;
    let Some(within) = within else { return Ok(current) };
    let deadline = Instant::now() + within;
    while !current.state.placed().is_none_or(settled) {
        match timeout_at(deadline, commands.read_past(key, current.version)).await {
            Ok(next) => current = next.map_err(problem)?,
            Err(_) => return Ok(current),
        }
    }
    Ok(current)
}

/// Stock is held, or the order was given up.
pub(crate) fn placing_is_settled(order: &Placed) -> bool {
    order.head.confirmed || order.head.status != Status::Pending
}

/// Paid, declined or given up: nothing is under way.
pub(crate) fn payment_is_settled(order: &Placed) -> bool {
    order.paying.is_none()
}
