//! The gRPC API under an open-loop load: reservations at a fixed rate, every one durable.
//!
//! Server and clients share this process and its cores. A call that is due is sent at once, however many are still under way: a
//! slow answer cannot hide the next one.

use anyhow::Context as _;
use chimera_config::Config;
use chimera_proto::inventory::v1::ReserveStockRequest;
use chimera_proto::inventory::v1::inventory_client::InventoryClient;
use hdrhistogram::Histogram;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::Instant;
use tonic::transport::Channel;

use super::open_loop::{self, Took};
use super::report::{Grpc, Latency};
use super::serving::Serving;
use super::stocked;
use crate::terminal::Format;

const CONNECTIONS: usize = 8;

/// The load.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Load {
    /// Reservations a second.
    #[arg(long, default_value_t = 2_000)]
    pub rate: u32,
    /// How long, in seconds, after a warm-up of two.
    #[arg(long, default_value_t = 30)]
    pub seconds: u64,
    /// How results are shown.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

type Client = InventoryClient<Channel>;

/// Serves a shop on a free port and loads it.
pub(super) async fn measure(
    config: Config,
    metrics: PrometheusHandle,
    load: Load,
) -> anyhow::Result<Grpc> {
    let serving = Serving::open(config, metrics).await?;
    stocked::stock_up(&serving.shop).await?;
    let mut clients = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        clients.push(InventoryClient::connect(format!("http://{}", serving.grpc)).await?);
    }
    let latencies = run(load, &clients).await?;
    serving.close().await?;
    let Load { rate, seconds, .. } = load;
    Ok(Grpc { rate, seconds, calls: latencies.len(), call: Latency::of(&latencies) })
}

/// Latencies in microseconds, from when each call was due.
async fn run(load: Load, clients: &[Client]) -> anyhow::Result<Histogram<u64>> {
    let next = |number: u64, due| {
        let turn = usize::try_from(number).unwrap_or_default() % clients.len();
        reserve(clients[turn].clone(), number, due)
    };
    open_loop::run(load.rate, load.seconds, next).await
}

/// When the call was due, and how long after that its answer was there. An answer that is no success ends the run.
async fn reserve(mut client: Client, number: u64, due: Instant) -> anyhow::Result<Took> {
    let request = ReserveStockRequest {
        product_id: stocked::product_in_turn(number),
        order_id: format!("bench-{number}"),
        quantity: 1,
    };
    client.reserve_stock(request).await.context("a reservation failed")?;
    Ok((due, due.elapsed()))
}
