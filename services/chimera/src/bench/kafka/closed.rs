//! Closed-loop clients on the shards: orders through place, confirm, pay, ship, in-process through the router.

use std::sync::Arc;
use std::time::Instant;

use chimera_domain::ids::OrderId;
use chimera_domain::order::{Command, Order};
use chimera_engine::{CommandId, Origin, Request, Router};
use fastrand::Rng;
use futures_util::future::try_join_all;

use super::{Measured, Window};
use crate::bench::embedded::commands;

/// `run` keeps the orders of several runs on one log apart.
pub(super) async fn measure(
    orders: &Router<Order>,
    run: usize,
    window: Window,
) -> anyhow::Result<Measured> {
    let clients = (0..window.clients).map(|client| {
        let (orders, name) = (orders.clone(), format!("bench-{run}-{client}"));
        tokio::spawn(async move { work(&orders, &name, client as u64, window).await })
    });
    let mut latencies = Vec::new();
    for client in try_join_all(clients).await? {
        latencies.append(&mut client?);
    }
    window.measured(latencies)
}

async fn work(
    orders: &Router<Order>,
    name: &str,
    seed: u64,
    window: Window,
) -> anyhow::Result<Vec<u32>> {
    let mut latencies = Vec::new();
    let mut rng = Rng::with_seed(seed);
    for number in 0_u64.. {
        let order = OrderId::try_from(format!("{name}-{number}").as_str())?;
        for (step, command) in commands(&order, &mut rng)?.into_iter().enumerate() {
            let sent = Instant::now();
            if sent >= window.end {
                return Ok(latencies);
            }
            orders.execute(request(&order, step, command)).await?;
            window.note(sent, &mut latencies);
        }
    }
    Ok(latencies)
}

/// A command as a process would send it: its id derives from its cause.
pub(super) fn request(order: &OrderId, step: usize, command: Command) -> Request<Order> {
    let cause: Arc<str> = format!("{}:{step}", order.as_key()).into();
    Request {
        key: Arc::clone(order.as_key()),
        command,
        id: CommandId::derived(&cause),
        origin: Origin {
            correlation_id: Arc::clone(order.as_key()),
            causation_id: cause,
            traceparent: None,
            actor: None,
            occurred_at: None,
        },
    }
}
