//! The shards of one stream on the embedded log, and nothing else: no processes, no read models.

use std::sync::Arc;

use chimera_checkpoints::EmbeddedCheckpoints;
use chimera_config::Config;
use chimera_domain::aggregate::Aggregate;
use chimera_engine::{Engine, EngineOptions, Shards, SystemClock};
use chimera_log::{EventLog, StreamSpec};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};

pub(super) const CACHE_BYTES: u64 = 32 << 20;

/// Opens them in the data directory and waits until they serve.
pub(super) async fn start<A: Aggregate>(
    config: &Config,
) -> anyhow::Result<(Arc<EmbeddedLog>, Shards<A>)> {
    std::fs::create_dir_all(&config.data_dir)?;
    let log =
        Arc::new(EmbeddedLog::open(config.data_dir.join("log"), EmbeddedLogOptions::default())?);
    let partitions = config.log.partitions();
    log.ensure_streams(&[StreamSpec { name: A::STREAM.into(), partitions }])?;
    let engine = Engine {
        log: log.clone(),
        checkpoints: Arc::new(EmbeddedCheckpoints::open(&config.data_dir, CACHE_BYTES)?),
        clock: Arc::new(SystemClock),
        producer: "chimera-bench".into(),
        schemas: chimera_codec::SchemaIds::default(),
        options: EngineOptions::default(),
        cluster: None,
    };
    let shards = engine.start::<A>(partitions)?;
    let ended = |status| anyhow::anyhow!("a shard has ended: {status:?}");
    shards.serving().await.map_err(ended)?;
    Ok((log, shards))
}
