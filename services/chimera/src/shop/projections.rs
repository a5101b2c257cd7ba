//! The read models and their worker, as tasks of the process.

use std::sync::Arc;
use std::time::Duration;

use chimera_config::Role;
use chimera_engine::Engine;
use chimera_kit::lifecycle::Stage;
use chimera_log::Control;
use chimera_model::ReadModel;
use chimera_query::Projections;
use chimera_wiring::OpenStores;
use chimera_worker::{Decoder, Feeder, Limits, Positions, Stores, Worker, report_lags};

use super::{Opening, readiness};

const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Opens the read stores and keeps every read model at the tail of the log.
pub(super) async fn start(
    engine: &Engine,
    control: Arc<dyn Control>,
    opening: &mut Opening<'_>,
) -> anyhow::Result<(OpenStores, Positions, Projections)> {
    let stores = OpenStores::open(opening.config, control).await?;
    let all = Stores { rows: stores.rows(), kv: stores.kv(), search: stores.search() };
    let decoder = Arc::new(Decoder::new(&engine.schemas)?);
    let limits = if stores.are_shared() { Limits::SHARED } else { Limits::LIVE };
    let feeder = Feeder::new(Arc::clone(&engine.log), all, limits)?.with_decoder(decoder);
    let clock = Arc::clone(&engine.clock);
    let feeder = feeder.with_clock(Arc::new(move || clock.now()));
    let mut worker = Worker::new(feeder.clone(), stores.live());
    if stores.are_shared() {
        worker = worker.shared();
    }
    let positions = worker.positions();
    if opening.config.node.roles.has(Role::Projector) {
        for model in chimera_model::ALL {
            keep_level(worker.clone(), model, opening);
        }
        let clock = Arc::clone(&engine.clock);
        readiness::of_read_models(positions.clone(), clock, stores.are_shared(), opening.health);
        report(&positions, engine, opening);
    }
    close(&stores, opening);
    let clock = Arc::clone(&engine.clock);
    let projections = Projections {
        feeder,
        generations: stores.live(),
        positions: positions.clone(),
        clock: Arc::new(move || clock.now()),
    };
    Ok((stores, positions, projections))
}

/// One read model. One that stops leaves the others running; health says so.
fn keep_level(worker: Worker, model: &'static ReadModel, opening: &mut Opening<'_>) {
    let mut stopping = opening.lifecycle.stopping(Stage::Work);
    opening.lifecycle.spawn(Stage::Work, model.name, async move {
        let mut told = stopping.clone();
        let stop = async move { told.wait().await };
        if worker.run_until(model, stop).await.is_err() {
            stopping.wait().await;
        }
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
