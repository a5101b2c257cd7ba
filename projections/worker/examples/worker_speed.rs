//! How many stock events a second one read model takes from a log in memory into the embedded stores.
//!
//! `cargo run --release -p chimera-worker --example worker_speed [EVENTS]`; writes into a temporary directory only.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use chimera_domain::recorded::Meta;
use chimera_domain::stock::{Balance, Event};
use chimera_domain::time::Timestamp;
use chimera_log::{Batch, Entry, EventLog, MemoryLog, Partition, StreamSpec};
use chimera_model::{ReadModel, daily_revenue, inventory_snapshot, product_cache};
use chimera_stores::EmbeddedStores;
use chimera_worker::{Decoder, Feeder, Limits, Positions, Stores};

const STOCK: &str = "ecommerce.inventory.stock";
const PARTITIONS: u32 = 4;
const PRODUCTS: u64 = 4_000;

fn main() -> Result<()> {
    let events = std::env::args().nth(1).map_or(Ok(1_100_000), |text| text.parse())?;
    let log = filled(events)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    for limits in [Limits::LIVE, Limits::REBUILD] {
        for model in [&inventory_snapshot::MODEL, &product_cache::MODEL] {
            let seconds = runtime.block_on(fed(&log, model, limits))?;
            report(model.name, limits, events, seconds);
        }
    }
    let seconds = skipped(&log)?;
    report("skipped by header", Limits::LIVE, events, seconds);
    Ok(())
}

async fn fed(log: &Arc<MemoryLog>, model: &'static ReadModel, limits: Limits) -> Result<f64> {
    let dir = tempfile::tempdir()?;
    let stores = EmbeddedStores::open(dir.path())?;
    let all = Stores { rows: stores.rows(), kv: stores.kv(), search: stores.search() };
    let feeder = Feeder::new(log.clone(), all, limits)?;
    let target = feeder.target(model, 1);
    target.create().await?;
    let high = |at: &Partition| log.high_watermark(at).ok().map(|high| *high.borrow());
    let legs = feeder.legs(&target, high).await?;
    let started = Instant::now();
    feeder.feed(&target, &legs, &Positions::default()).await?;
    Ok(started.elapsed().as_secs_f64())
}

/// What a model costs that reads none of the events.
fn skipped(log: &Arc<MemoryLog>) -> Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let decoder = Decoder::bundled()?;
    let started = Instant::now();
    for index in 0..PARTITIONS {
        let partition = Partition::new(STOCK, index);
        let last = *log.high_watermark(&partition)?.borrow();
        let mut reader = log.read(&partition, 1)?;
        while reader.position() <= last {
            for record in runtime.block_on(reader.next())?.records {
                decoder.wanted(&daily_revenue::MODEL, &partition, &record)?;
            }
        }
    }
    Ok(started.elapsed().as_secs_f64())
}

fn report(what: &str, limits: Limits, events: u64, seconds: f64) {
    use std::io::Write;
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = events as f64 / seconds;
    let most = limits.events;
    let line = format!("{what:<20} batches of {most:>5}: {rate:>10.0} events/s ({seconds:.2} s)\n");
    let _ = std::io::stdout().write_all(line.as_bytes());
}

/// Reservations of products in no order, as an import makes them.
fn filled(events: u64) -> Result<Arc<MemoryLog>> {
    let log = MemoryLog::new();
    let streams = [STOCK, "ecommerce.product.product", "ecommerce.order.order"];
    let streams = streams.map(|name| StreamSpec { name: name.into(), partitions: PARTITIONS });
    log.ensure_streams(&streams)?;
    let decoder = Decoder::bundled()?;
    for index in 0..PARTITIONS {
        let mut writer = log.claim(&Partition::new(STOCK, index))?;
        for first in (0..events / u64::from(PARTITIONS)).step_by(1000) {
            let mut batch = Batch::default();
            for sequence in first + 1..=first + 1000 {
                batch.push_command([entry(&decoder, index, sequence)?]);
            }
            writer.append(batch)?;
        }
    }
    Ok(Arc::new(log))
}

fn entry(decoder: &Decoder, partition: u32, sequence: u64) -> Result<Entry> {
    let product = sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (PRODUCTS / u64::from(PARTITIONS));
    let key: Arc<str> = format!("{partition}-{product:05}").into();
    let balance = Balance { on_hand: 1_000_000, reserved: sequence.cast_signed() };
    let order_id = format!("{}", 536_365 + sequence / 20).as_str().try_into()?;
    let event = Event::Reserved { order_id, quantity: 6, balance };
    let mut value = vec![];
    decoder.stock.encode(&key, &meta(sequence), &event, &mut value)?;
    let event_type = "ecommerce.inventory.stock.reserved.v1".into();
    Ok(Entry { key, event_type, traceparent: None, value })
}

fn meta(sequence: u64) -> Meta {
    let id: Arc<str> = "0190c0de-0000-7000-8000-000000000001".into();
    Meta {
        event_id: u128::from(sequence),
        occurred_at: Timestamp(1_291_191_960_000_000),
        recorded_at: Timestamp(1_700_000_000_000_000),
        producer: "chimera/0.1.0".into(),
        trace_id: None,
        correlation_id: id.clone(),
        causation_id: id.clone(),
        command_id: id,
        actor: Some("import".into()),
        schema_version: 1,
        aggregate_version: sequence,
        sequence,
        writer_term: 1,
    }
}
