//! How many values a second the key-value store on Redis takes, beside the same script calls sent by the driver alone.
//!
//! `cargo run --release -p chimera-stores --example redis_ceiling [URL [VALUES]]`. Both write the same values under prefixes of
//! their own, in turn, and remove them at the end. Raw has keys and values ready as text before its time begins, so the ratio holds
//! what the store adds: checking and merging mutations, making keys and values, the checkpoint behind.

use std::time::Instant;

use chimera_model::{KvMutation, KvSpec};
use chimera_stores::{Checkpoint, KvWriter, RedisKv, RedisOptions, View};
use futures_util::{StreamExt, TryStreamExt, stream};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, Script};

static STOCK: KvSpec = KvSpec { space: "inventory", parts: &["balance", "reorder"] };
const VIEW: View = View::new("redis_ceiling", 1);
/// As a rebuild's batch.
const BATCH: usize = 8_000;
const ROUNDS: u64 = 5;

const SET_IF_NEWER: &str = "local stored = redis.call('HGET', KEYS[1], ARGV[1])
if stored then
  local held = string.match(stored, '^%d*')
  if #ARGV[2] < #held or (#ARGV[2] == #held and ARGV[2] <= held) then
    return 1
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1";

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let values = std::env::args().nth(2).map_or(Ok(100_000), |text| text.parse())?;
    let prefix = format!("ceiling-{}:", std::process::id());
    let mut raw = Raw::connect(&url, &format!("{prefix}raw:")).await?;
    let options = RedisOptions { prefix, ..RedisOptions::new(&url) };
    let store = RedisKv::new(&options)?;
    store.create(VIEW, &[&STOCK]).await?;
    let (mut raw_seconds, mut store_seconds) = (0.0, 0.0);
    for round in 1..=ROUNDS {
        let by_raw = raw.write(values, round).await?;
        let by_store = written(&store, values, round).await?;
        let what = if round == 1 { "first writes" } else { "updates" };
        report(what, values, by_raw, by_store);
        raw_seconds += by_raw;
        store_seconds += by_store;
    }
    report("all rounds", values * ROUNDS, raw_seconds, store_seconds);
    store.remove(VIEW).await?;
    raw.remove(values).await
}

/// As many bytes as a balance has.
fn content(number: u64, version: u64) -> String {
    format!(
        "{{\"onHand\":{number},\"reserved\":3,\"available\":{number},\"updatedAt\":\"2026-01-01T00:00:00.000000Z\",\"version\":{version}}}"
    )
}

async fn written(store: &RedisKv, values: u64, version: u64) -> Result<f64, Failure> {
    let mut seconds = 0.0;
    for first in (0..values).step_by(BATCH) {
        let mutation = |number| KvMutation {
            space: &STOCK,
            id: format!("P-{number:08}"),
            part: "balance",
            value: Some(content(number, version)),
            version,
        };
        let mutations: Vec<_> = (first..values.min(first + BATCH as u64)).map(mutation).collect();
        let sequence = version * values + first;
        let checkpoint = Checkpoint { stream: "stock".into(), partition: 0, sequence };
        let started = Instant::now();
        store.apply(VIEW, &mutations, &[checkpoint]).await?;
        seconds += started.elapsed().as_secs_f64();
    }
    Ok(seconds)
}

/// The driver alone.
struct Raw {
    connection: MultiplexedConnection,
    script: Script,
    prefix: String,
}

impl Raw {
    async fn connect(url: &str, prefix: &str) -> Result<Self, Failure> {
        let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
        let script = Script::new(SET_IF_NEWER);
        script.load_async(&mut connection).await?;
        Ok(Self { connection, script, prefix: prefix.to_owned() })
    }

    fn key(&self, number: u64) -> String {
        format!("{}inventory:{{P-{number:08}}}:g1", self.prefix)
    }

    fn call(&self, key: &str, version: u64, value: &str) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(self.script.get_hash()).arg(1).arg(key);
        command.arg("balance").arg(version).arg(value);
        command
    }

    /// Pieces of 500, three of them under way, as the store has them.
    async fn write(&self, values: u64, version: u64) -> Result<f64, Failure> {
        let mut seconds = 0.0;
        for first in (0..values).step_by(BATCH) {
            let value = |number| format!("{version} {}", content(number, version));
            let batch = (first..values.min(first + BATCH as u64)).map(|n| (self.key(n), value(n)));
            let batch: Vec<(String, String)> = batch.collect();
            let started = Instant::now();
            let pieces = stream::iter(batch.chunks(500));
            let sent = pieces.map(|piece| self.send(piece, version)).buffer_unordered(3);
            sent.try_collect::<()>().await?;
            seconds += started.elapsed().as_secs_f64();
        }
        Ok(seconds)
    }

    async fn send(&self, batch: &[(String, String)], version: u64) -> Result<(), Failure> {
        let mut piece = Pipeline::with_capacity(batch.len());
        for (key, value) in batch {
            piece.add_command(self.call(key, version, value));
        }
        Ok(piece.exec_async(&mut self.connection.clone()).await?)
    }

    async fn remove(&mut self, values: u64) -> Result<(), Failure> {
        for first in (0..values).step_by(1_000) {
            let mut piece = Pipeline::new();
            for number in first..values.min(first + 1_000) {
                piece.cmd("UNLINK").arg(self.key(number));
            }
            piece.exec_async(&mut self.connection).await?;
        }
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss)]
fn report(what: &str, values: u64, raw: f64, store: f64) {
    use std::io::Write;
    let (by_raw, by_store) = (values as f64 / raw, values as f64 / store);
    let ratio = raw / store;
    let _ = writeln!(
        std::io::stdout(),
        "{what:<14}raw {by_raw:>9.0}/s   RedisKv::apply {by_store:>9.0}/s   ratio {ratio:.2}"
    );
}
