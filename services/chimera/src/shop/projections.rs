//! The read models and their worker, as tasks of the process.

use std::sync::Arc;
use std::time::Duration;

use chimera_config::Role;
use chimera_engine::Engine;
use chimera_kit::lifecycle::Stage;
use chimera_model::ReadModel;
use chimera_wiring::OpenStores;
use chimera_worker::{Decoder, Feeder, Limits, Positions, Stores, Worker, report_lags};

use super::{Opening, readiness};

const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Opens the read stores and keeps every read model at the tail of the log.
pub(super) async fn start(
    engine: &Engine,
    opening: &mut Opening<'_>,
) -> anyhow::Result<(OpenStores, Positions)> {
    let stores = OpenStores::open(opening.config).await?;
    let all = Stores { rows: stores.rows(), kv: stores.kv(), search: stores.search() };
    let decoder = Arc::new(Decoder::new(&engine.schemas)?);
    let feeder = Feeder::new(Arc::clone(&engine.log), all, Limits::LIVE)?.with_decoder(decoder);
    let worker = Worker::new(feeder, stores.live());
    let positions = worker.positions();
    if opening.config.node.roles.has(Role::Projector) {
        for model in chimera_model::ALL {
            keep_level(worker.clone(), model, opening);
        }
        readiness::of_read_models(positions.clone(), Arc::clone(&engine.clock), opening.health);
        report(&positions, engine, opening);
    }
    close(&stores, opening);
    Ok((stores, positions))
}

/// One read model. One that stops leaves the others running; health says so.
fn keep_level(worker: Worker, model: &'static ReadModel, opening: &mut Opening<'_>) {
    let mut stopping = opening.lifecycle.stopping(Stage::Work);
    opening.lifecycle.spawn(Stage::Work, model.name, async move {
        tokio::select! {
            () = stopping.wait() => return Ok(()),
            ended = worker.run(model) => if ended.is_ok() { return Ok(()) },
        }
        stopping.wait().await;
        Ok(())
    });
}

fn report(positions: &Positions, engine: &Engine, opening: &mut Opening<'_>) {
    let (positions, clock) = (positions.clone(), Arc::clone(&engine.clock));
    let mut stopping = opening.lifecycle.stopping(Stage::Work);
    opening.lifecycle.spawn(Stage::Work, "lag-report", async move {
        tokio::select! {
            () = stopping.wait() => {}
            () = report_lags(positions, Arc::new(move || clock.now()), REPORT_EVERY) => {}
        }
        Ok(())
    });
}

/// Writes the stores out in the end.
fn close(stores: &OpenStores, opening: &mut Opening<'_>) {
    let stores = stores.clone();
    let mut stopping = opening.lifecycle.stopping(Stage::Storage);
    opening.lifecycle.spawn(Stage::Storage, "read-stores", async move {
        stopping.wait().await;
        stores.flush().map_err(|error| error.to_string())
    });
}
