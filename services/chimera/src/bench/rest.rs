//! The REST API under an open-loop load: orders of five lines at a fixed rate, reads beside them, every order durable.
//!
//! Server and clients share this process and its cores. A request that is due is late from that moment on, whether or not a
//! connection was free: a slow answer cannot hide the next one.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chimera_config::Config;
use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep, sleep_until};

use super::report::{Latency, Rest};
use super::serving::Serving;
use super::stocked;
use crate::terminal::Format;

const CONNECTIONS: usize = 256;
const WARM_UP: Duration = Duration::from_secs(2);

/// Where the latest orders are, oldest first. A read takes the oldest, which the read models have had time to apply.
type Placed = Arc<Mutex<VecDeque<String>>>;
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
    let address = serving.address;
    let orders = Arc::new(Mutex::new(VecDeque::new()));
    let posts = Stream { load, rate: load.rate, address, reads: false };
    let gets = Stream { load, rate: load.reads, address, reads: true };
    let (posted, got) = tokio::try_join!(posts.run(Arc::clone(&orders)), gets.run(orders))?;
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

/// One kind of request at a fixed rate.
#[derive(Clone, Copy)]
struct Stream {
    load: Load,
    rate: u32,
    address: SocketAddr,
    reads: bool,
}

impl Stream {
    /// Latencies in microseconds, from when each request was due.
    async fn run(self, orders: Placed) -> anyhow::Result<Histogram<u64>> {
        let (due, work) = mpsc::unbounded_channel::<(u64, Instant)>();
        let work = Arc::new(Mutex::new(work));
        let begin = Instant::now() + WARM_UP;
        let connections = (0..CONNECTIONS).map(|_| {
            let (work, orders) = (Arc::clone(&work), Arc::clone(&orders));
            tokio::spawn(self.connection(work, orders, begin))
        });
        let connections: Vec<_> = connections.collect();
        let pace = Duration::from_secs(1) / self.rate.max(1);
        let start = Instant::now();
        let total = u64::from(self.rate) * (self.load.seconds + WARM_UP.as_secs());
        for number in 0..total {
            let at = start + pace * u32::try_from(number)?;
            sleep_until(at).await;
            due.send((number, at))?;
        }
        drop(due);
        let mut latencies = Histogram::new(3)?;
        for connection in try_join_all(connections).await? {
            latencies.add(connection?)?;
        }
        Ok(latencies)
    }

    async fn connection(
        self,
        work: Arc<Mutex<mpsc::UnboundedReceiver<(u64, Instant)>>>,
        orders: Placed,
        begin: Instant,
    ) -> anyhow::Result<Histogram<u64>> {
        let mut latencies = Histogram::new(3)?;
        let mut sender = connect(self.address).await?;
        loop {
            let next = work.lock().await.recv().await;
            let Some((number, due)) = next else { return Ok(latencies) };
            let request = if self.reads {
                let order = orders.lock().await.front().cloned();
                stocked::read(number, order.as_deref())
            } else {
                stocked::order(number)
            };
            let answer = send(&mut sender, self.address, request).await?;
            if due >= begin {
                latencies.record(u64::try_from(due.elapsed().as_micros())?)?;
            }
            if let Some(location) = answer {
                if orders.lock().await.is_empty() {
                    self.readable(&mut sender, &location).await?;
                }
                let mut orders = orders.lock().await;
                orders.push_back(location);
                if orders.len() > RECENT {
                    orders.pop_front();
                }
            }
        }
    }
}

impl Stream {
    /// Waits until the first order can be read; those that reads ask for later are older than what read models need.
    async fn readable(self, sender: &mut Sender, order: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + READABLE_WITHIN;
        loop {
            match send(sender, self.address, stocked::read(0, Some(order))).await {
                Err(_) if Instant::now() < deadline => sleep(PAUSE).await,
                answered => return answered.map(drop),
            }
        }
    }
}

pub(super) type Sender = SendRequest<Full<Bytes>>;

pub(super) async fn connect(address: SocketAddr) -> anyhow::Result<Sender> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Sends one request and reads its answer whole. What it says of where the new thing is; an answer that is no success ends the run.
pub(super) async fn send(
    sender: &mut Sender,
    address: SocketAddr,
    call: stocked::Call,
) -> anyhow::Result<Option<String>> {
    let method = if call.body.is_empty() { Method::GET } else { Method::POST };
    let request = Request::builder()
        .method(method)
        .uri(&call.path)
        .header("host", address.to_string())
        .header("content-type", "application/json")
        .header("idempotency-key", call.key)
        .body(Full::from(call.body))?;
    sender.ready().await?;
    let answer = sender.send_request(request).await.context("no answer")?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        bail!("{} was answered with {status}: {}", call.path, String::from_utf8_lossy(&body));
    }
    let location = headers.get("location").and_then(|value| value.to_str().ok());
    Ok(location.map(str::to_owned))
}
