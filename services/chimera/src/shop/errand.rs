//! Opening the shop for one piece of work, without serving anybody.

use std::time::Duration;

use anyhow::bail;
use chimera_config::Config;
use chimera_kit::health::Health;
use chimera_kit::lifecycle::{Ended, Lifecycle, Stage};
use tokio::sync::oneshot;

use super::{Opening, Shop};
use chimera_wiring::schemas;

/// The name of the task that does the work.
const WORK: &str = "work";

/// Opens the shop, waits until it is ready, does `work`, and closes the shop in order.
///
/// # Errors
/// If the shop cannot be opened, a part of it fails, a signal comes, or the work itself fails.
pub async fn in_the_shop<T, F>(
    config: Config,
    work: impl FnOnce(Shop) -> F + Send + 'static,
) -> anyhow::Result<T>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>> + Send + 'static,
{
    let health = Health::default();
    let patience = Duration::from_secs(config.limits.shutdown_seconds);
    let mut lifecycle = Lifecycle::new(&health, patience);
    let schemas = schemas::ids(&config).await?;
    let opening =
        Opening { config: &config, schemas: &schemas, lifecycle: &mut lifecycle, health: &health };
    let shop = Shop::open(opening).await?;
    let (done, result) = oneshot::channel();
    let mut stopping = lifecycle.stopping(Stage::Intake);
    lifecycle.spawn(Stage::Intake, WORK, async move {
        let all = async {
            ready(&health).await;
            work(shop).await
        };
        tokio::select! {
            () = stopping.wait() => {}
            outcome = all => { let _ = done.send(outcome); }
        }
        Ok(())
    });
    let ended = lifecycle.run().await;
    match (result.await, ended) {
        (Ok(outcome), _) => outcome,
        (Err(_), Ended::Signal(name)) => bail!("interrupted by {name}; run it again to go on"),
        (Err(_), Ended::Task(task, reason)) => bail!("{task}: {reason}"),
    }
}

/// Waits until every part is ready. A part that never is ends the process by itself, or the person does.
pub async fn ready(health: &Health) {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    while !health.is_ready() {
        look.tick().await;
    }
}
