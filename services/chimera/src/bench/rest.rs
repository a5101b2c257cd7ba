//! The REST API under an open-loop load: orders of five lines at a fixed rate, reads beside them, every order durable.
//!
//! Server and clients share this process and its cores. A request that is due is late from that moment on, whether or not a
//! connection was free: a slow answer cannot hide the next one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chimera_config::Config;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::{Instant, sleep};

use super::connections::Connections;
use super::open_loop::{self, Took};
use super::report::{Latency, Rest};
use super::serving::Serving;
use super::stocked;
use crate::terminal::Format;

/// Of orders, and as many of reads.
const CONNECTIONS: usize = 256;
/// So many orders back is the one that is read: the read models have had time to apply it.
const RECENT: usize = 1_000;
/// How long the first order may take until it can be read, and how often that is tried.
const READABLE_WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// The load.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Load {
    /// Orders a second.
    #[arg(long, default_value_t = 500)]
    pub rate: u32,
    /// Reads a second beside them: the last order, its stock, its product in turn.
    #[arg(long, default_value_t = 500)]
    pub reads: u32,
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
) -> anyhow::Result<Rest> {
    let serving = Serving::open(config, metrics).await?;
    stocked::stock_up(&serving.shop).await?;
    let buyers = Arc::new(Connections::open(serving.address, CONNECTIONS).await?);
    let readers = Arc::new(Connections::open(serving.address, CONNECTIONS).await?);
    let orders = Arc::new(Orders::default());
    let posts = open_loop::run(load.rate, load.seconds, |number, due| {
        place(Arc::clone(&buyers), Arc::clone(&orders), (number, due))
    });
    let gets = open_loop::run(load.reads, load.seconds, |number, due| {
        read(Arc::clone(&readers), Arc::clone(&orders), (number, due))
    });
    let (posted, got) = tokio::try_join!(posts, gets)?;
    serving.close().await?;
    Ok(Rest {
        rate: load.rate,
        seconds: load.seconds,
        posts: posted.len(),
        post: Latency::of(&posted),
        gets: got.len(),
        get: Latency::of(&got),
    })
}

/// An order. The first one has to be readable before reads ask for it.
async fn place(
    connections: Arc<Connections>,
    orders: Arc<Orders>,
    (number, due): (u64, Instant),
) -> anyhow::Result<Took> {
    let location = connections.ask(stocked::order(number)).await?;
    let took = due.elapsed();
    if let Some(location) = location {
        if orders.oldest().is_none() {
            wait_until_readable(&connections, &location).await?;
        }
        orders.placed(location);
    }
    Ok((due, took))
}

async fn read(
    connections: Arc<Connections>,
    orders: Arc<Orders>,
    (number, due): (u64, Instant),
) -> anyhow::Result<Took> {
    connections.ask(stocked::read(number, orders.oldest().as_deref())).await?;
    Ok((due, due.elapsed()))
}

async fn wait_until_readable(connections: &Connections, order: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + READABLE_WITHIN;
    loop {
        match connections.ask(stocked::read(0, Some(order))).await {
            Err(_) if Instant::now() < deadline => sleep(PAUSE).await,
            answered => return answered.map(drop),
        }
    }
}

/// Where the latest orders are, oldest first.
#[derive(Default)]
struct Orders(Mutex<VecDeque<String>>);

impl Orders {
    fn oldest(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).front().cloned()
    }

    fn placed(&self, order: String) {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        orders.push_back(order);
        if orders.len() > RECENT {
            orders.pop_front();
        }
    }
}
