//! The shards on Kafka, each figure beside its ceiling in the same run: closed loops beside the bare append loop, an open loop
//! with what a read-committed consumer sees, and recovery. Works under a topic prefix of its own, which is deleted afterwards.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chimera_checkpoints::EmbeddedCheckpoints;
use chimera_codec::SchemaIds;
use chimera_config::Config;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_engine::{Engine, EngineOptions, Shards, SystemClock};
use chimera_log::{EventLog, StreamSpec};
use chimera_log_kafka::{KafkaLog, KafkaSettings};

use super::kafka_report::{Closed, Kafka, Recovery};
use super::shards::CACHE_BYTES;
use crate::terminal::Format;
use chimera_wiring::kafka::log_settings;

mod bare;
mod closed;
mod open;
mod recovery;

/// Partitions of each stream that is measured.
const PARTITIONS: u32 = 4;
/// The stream of the bare loop.
const BARE: &str = "bare";
const WARM_UP: Duration = Duration::from_secs(1);

/// What is measured, and for how long.
#[derive(Debug, Clone, clap::Args)]
pub struct Load {
    /// Closed-loop clients, one run for each number.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [1, 64, 1_024, 16_384])]
    pub clients: Vec<usize>,
    /// Commands a second of the open loop.
    #[arg(long, default_value_t = 2_000)]
    pub rate: u32,
    /// How long each run takes, in seconds, after a warm-up of one.
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// Instead of all that: place so many orders, save checkpoints, start again, and see how long the first command takes.
    #[arg(long, value_name = "N")]
    pub aggregates: Option<usize>,
    /// How results are shown.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Measures on the topics of this run alone.
pub(super) async fn measure(config: &Config, load: &Load) -> anyhow::Result<Kafka> {
    let settings = KafkaSettings { membership: None, wanted: None, ..log_settings(config, "") };
    let opened = tokio::task::spawn_blocking(move || open_log(settings)).await??;
    let bench = Bench { log: Arc::new(opened), directory: &config.data_dir, load };
    bench.measure().await
}

fn open_log(settings: KafkaSettings) -> anyhow::Result<KafkaLog> {
    let log = KafkaLog::open(settings)?;
    let streams = [Order::STREAM, BARE];
    let spec = |name: &str| StreamSpec { name: name.into(), partitions: PARTITIONS };
    log.ensure_streams(&streams.map(spec))?;
    Ok(log)
}

struct Bench<'a> {
    log: Arc<KafkaLog>,
    directory: &'a Path,
    load: &'a Load,
}

impl Bench<'_> {
    async fn measure(&self) -> anyhow::Result<Kafka> {
        if let Some(aggregates) = self.load.aggregates {
            let restart = recovery::with_checkpoint(self, aggregates).await?;
            return Ok(Kafka { restart: Some(restart), ..Kafka::default() });
        }
        let (mut closed, mut records) = (Vec::new(), Vec::new());
        let shards = self.start("serving", PARTITIONS).await?;
        for (run, &clients) in self.load.clients.iter().enumerate() {
            let ours = closed::measure(&shards.router(), run, self.window(clients)).await?;
            if records.is_empty() {
                records = bare::sample(&*self.log).await?;
            }
            let bare = bare::measure(&self.log, &records, self.window(clients)).await?;
            closed.push(Closed::beside(clients, &ours, &bare));
        }
        let open = open::measure(&*self.log, &shards.router(), self.load).await?;
        shards.stop().await;
        let recovery: Recovery = recovery::without_checkpoint(self).await?;
        Ok(Kafka { closed, open: Some(open), recovery: Some(recovery), restart: None })
    }

    fn window(&self, clients: usize) -> Window {
        let begin = Instant::now() + WARM_UP;
        Window { clients, begin, end: begin + Duration::from_secs(self.load.seconds) }
    }

    /// Shards whose checkpoints lie in the directory of that name.
    async fn start(&self, name: &str, partitions: u32) -> anyhow::Result<Shards<Order>> {
        let directory = self.directory.join(name);
        std::fs::create_dir_all(&directory)?;
        let engine = Engine {
            log: self.log.clone(),
            checkpoints: Arc::new(EmbeddedCheckpoints::open(&directory, CACHE_BYTES)?),
            clock: Arc::new(SystemClock),
            producer: "chimera-bench".into(),
            options: EngineOptions::default(),
            cluster: None,
            schemas: SchemaIds::default(),
        };
        let shards = engine.start::<Order>(partitions)?;
        let ended = |status| anyhow::anyhow!("a shard has ended: {status:?}");
        shards.serving().await.map_err(ended)?;
        Ok(shards)
    }
}

/// Who asks, and which of the answers count.
#[derive(Debug, Clone, Copy)]
struct Window {
    clients: usize,
    begin: Instant,
    end: Instant,
}

impl Window {
    /// Adds the latency of what was sent at `sent` and has just been answered, if it counts. In microseconds.
    fn note(&self, sent: Instant, latencies: &mut Vec<u32>) {
        if sent >= self.begin {
            latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
    }

    /// As long, from now on.
    fn anew(&self) -> Self {
        let begin = Instant::now() + WARM_UP;
        Self { begin, end: begin + (self.end - self.begin), ..*self }
    }

    fn measured(&self, latencies: Vec<u32>) -> anyhow::Result<Measured> {
        Measured::of(latencies, self.end - self.begin)
    }
}

/// What a loop did.
pub(super) struct Measured {
    pub(super) per_second: u64,
    pub(super) latency: super::report::Latency,
}

impl Measured {
    fn of(latencies: Vec<u32>, time: Duration) -> anyhow::Result<Self> {
        let mut histogram = hdrhistogram::Histogram::<u64>::new(3)?;
        for latency in latencies {
            histogram.record(latency.into())?;
        }
        let per_second = super::hot_product::rate(histogram.len(), time);
        Ok(Self { per_second, latency: super::report::Latency::of(&histogram) })
    }
}
