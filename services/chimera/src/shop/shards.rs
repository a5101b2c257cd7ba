//! The shards of each stream as tasks of the process: those that it has been given, and the way to the others.

use chimera_config::Role;
use chimera_domain::aggregate::Aggregate;
use chimera_engine::{Engine, Phase, Router, ShardStatus, Shards};
use chimera_kit::health::Readiness;
use chimera_kit::lifecycle::{Stage, Stopping};
use chimera_log::EventLog;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::sync::Arc;
use tokio::sync::watch;

use super::Opening;

/// What a shard says of itself.
pub(super) type Status = watch::Receiver<ShardStatus>;

/// One stream, as the rest of the process sees it.
pub(super) struct Stream<A: Aggregate> {
    /// The way to every partition.
    pub(super) router: Router<A>,
    /// What each partition's shard says of itself; none where this process takes no part in the stream.
    pub(super) statuses: Vec<Status>,
}

/// Starts the shards of a stream, for as long as the process lives, if it has the role.
pub(super) fn start<A: Aggregate>(
    engine: &Engine,
    role: Role,
    name: &'static str,
    opening: &mut Opening<'_>,
) -> anyhow::Result<Stream<A>> {
    let partitions = opening.config.log.partitions();
    if !opening.config.node.roles.has(role) {
        return Ok(Stream { router: engine.elsewhere(partitions), statuses: Vec::new() });
    }
    let shards = engine.start::<A>(partitions)?;
    let (statuses, log) = (shards.statuses(), Arc::clone(&engine.log));
    opening.health.register(name, move || readiness(&statuses, &*log));
    let stream = Stream { router: shards.router(), statuses: shards.statuses() };
    let stopping = opening.lifecycle.stopping(Stage::Storage);
    opening.lifecycle.spawn(Stage::Storage, name, keep(shards, stopping));
    Ok(stream)
}

/// Ready once every partition that is ours serves, and somebody has claimed each of the others.
fn readiness(statuses: &[Status], log: &dyn EventLog) -> Readiness {
    for status in statuses {
        let status = status.borrow();
        let why = match &status.phase {
            Phase::Serving => continue,
            Phase::Elsewhere | Phase::Following => {
                if log.owners().borrow().contains_key(&status.partition) {
                    continue;
                }
                "is nobody's yet"
            }
            Phase::Recovering => "is recovering",
            Phase::Failing(reason) | Phase::Ended(reason) => reason,
        };
        return Readiness::NotReady(format!("{}: {why}", status.partition));
    }
    Readiness::Ready
}

/// Stops the shards in the end; an error if one ends before.
async fn keep<A: Aggregate>(shards: Shards<A>, mut stopping: Stopping) -> Result<(), String> {
    let mut ended: FuturesUnordered<_> = shards.statuses().into_iter().map(ended).collect();
    tokio::select! {
        () = stopping.wait() => {}
        Some(status) = ended.next() => {
            return Err(format!("the shard of {} ended: {:?}", status.partition, status.phase));
        }
    }
    drop(ended);
    shards.stop().await;
    Ok(())
}

async fn ended(mut status: Status) -> ShardStatus {
    let _ = status.wait_for(|status| matches!(status.phase, Phase::Ended(_))).await;
    status.borrow().clone()
}
