//! How soon an event can be read: stock events at a fixed rate through the whole shop, and for each the time from its acknowledgement
//! until the row that it changed is there; beside them what `after=` costs a read.
//!
//! Server, worker and clients share this process and its cores; log and stores are those of the settings.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use chimera_config::Config;
use chimera_domain::ids::ProductId;
use chimera_domain::stock::{self, AdjustmentReason, Stock};
use chimera_domain::time::Timestamp;
use chimera_engine::Receipt;
use chimera_model::inventory_snapshot::{INVENTORY_SNAPSHOT, MODEL};
use hdrhistogram::Histogram;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::{Instant, sleep};

use super::connections::Connections;
use super::open_loop::{self, Took, WARM_UP};
use super::report::{Latency, Reads};
use super::serving::Serving;
use super::stocked::{self, Call};
use crate::customer::Errand;
use crate::shop::Shop;
use crate::terminal::Format;

/// Far longer than any target.
const LONGEST: Duration = Duration::from_secs(30);
/// Between two reads of the one who looks beside the load.
const PAUSE: Duration = Duration::from_millis(10);

/// The load.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Load {
    /// Events a second.
    #[arg(long, default_value_t = 2_000)]
    pub rate: u32,
    /// How long, in seconds, after a warm-up of two.
    #[arg(long, default_value_t = 30)]
    pub seconds: u64,
    /// How results are shown.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Serves a shop on a free port and loads it.
pub(super) async fn measure(
    config: Config,
    metrics: PrometheusHandle,
    load: Load,
) -> anyhow::Result<Reads> {
    let serving = Serving::open(config, metrics).await?;
    stocked::stock_up(&serving.shop).await?;
    let looking = Looking { shop: serving.shop.clone(), address: serving.address };
    let end = Instant::now() + WARM_UP + Duration::from_secs(load.seconds);
    let shop = serving.shop.clone();
    let writing = open_loop::run(load.rate, load.seconds, |number, _| seen(shop.clone(), number));
    let (readable, (plain, after)) = tokio::try_join!(writing, looking.until(end))?;
    serving.close().await?;
    Ok(Reads {
        rate: load.rate,
        seconds: load.seconds,
        events: readable.len(),
        readable: Latency::of(&readable),
        plain: Latency::of(&plain),
        after: Latency::of(&after),
    })
}

/// When an event was acknowledged, and how long after that its row could be read.
async fn seen(shop: Shop, number: u64) -> anyhow::Result<Took> {
    let product = stocked::product_in_turn(number);
    let receipt = adjust(&shop, &product, &format!("event-{number}")).await?;
    let durable = Instant::now();
    let at = &receipt.position;
    let applied =
        shop.positions.wait_until(MODEL.name, &at.partition, at.sequence, durable + LONGEST);
    applied.await?;
    let row = shop.reads().row(&MODEL, &INVENTORY_SNAPSHOT, [product.as_str().into()]).await;
    let took = durable.elapsed();
    let row = row.map_err(|problem| anyhow::anyhow!("{}", problem.detail()))?;
    let version = row.context("an applied event has no row")?.version;
    ensure!(version >= receipt.version, "the row is of version {version}, not {}", receipt.version);
    Ok((durable, took))
}

async fn adjust(shop: &Shop, product: &str, name: &str) -> anyhow::Result<Receipt<Stock>> {
    let errand = Errand { name: format!("bench:{name}").into(), at: Timestamp(0) };
    let id = ProductId::try_from(product)?;
    let command = stock::Command::Adjust {
        delta: 1,
        reason: AdjustmentReason::Received,
        reorder_level: None,
        reference: None,
    };
    Ok(errand.send(&shop.stock, id.as_key(), "adjust", command).await??)
}

/// One client beside the load.
struct Looking {
    shop: Shop,
    address: std::net::SocketAddr,
}

impl Looking {
    /// Reads without and with `after=`, which names an event that was acknowledged right before.
    async fn until(self, end: Instant) -> anyhow::Result<(Histogram<u64>, Histogram<u64>)> {
        let (mut plain, mut after) = (Histogram::new(3)?, Histogram::new(3)?);
        let connection = Connections::open(self.address, 1).await?;
        let mut number = 0;
        while Instant::now() < end {
            let product = stocked::product_in_turn(number);
            let path = format!("/api/v1/inventory/{product}");
            let began = Instant::now();
            connection.ask(read(path.clone())).await?;
            plain.record(u64::try_from(began.elapsed().as_micros())?)?;
            let receipt = adjust(&self.shop, &product, &format!("look-{number}")).await?;
            let began = Instant::now();
            let seen = format!("{path}?after={}", receipt.position);
            connection.ask(read(seen)).await?;
            after.record(u64::try_from(began.elapsed().as_micros())?)?;
            number += 1;
            sleep(PAUSE).await;
        }
        Ok((plain, after))
    }
}

fn read(path: String) -> Call {
    Call { path, key: "read".to_owned(), body: String::new() }
}
