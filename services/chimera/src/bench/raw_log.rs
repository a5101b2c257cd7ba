//! The ceiling: the bare log with records and batches of the size that the shards have just written, one writer a partition.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use chimera_log::{Batch, Entry, EventLog, Partition, StreamSpec};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};

use super::Options;
use super::embedded::Measured;
use super::hot_product::rate;
use super::report::Embedded;

const STREAM: &str = "raw";

/// Measures the ceiling in the same directory and puts both figures together.
pub(super) fn beside(
    measured: &Measured,
    directory: &Path,
    partitions: u32,
    options: Options,
) -> anyhow::Result<Embedded> {
    let log = EmbeddedLog::open(directory.join("raw"), EmbeddedLogOptions::default())?;
    log.ensure_streams(&[StreamSpec { name: STREAM.into(), partitions }])?;
    let log = Arc::new(log);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few events")]
    let batch = (measured.batch_events.round() as usize).max(1);
    let writers = if options.clients == 1 { 1 } else { partitions };
    let time = Duration::from_secs(options.seconds.min(5));
    let threads: Vec<_> = (0..writers)
        .map(|index| {
            let (log, bytes) = (Arc::clone(&log), measured.event_bytes);
            thread::spawn(move || append(&log, index, batch, bytes, time))
        })
        .collect();
    let mut records = 0;
    for thread in threads {
        records += thread.join().map_err(|_| anyhow!("a writer of the ceiling broke off"))??;
    }
    let raw = rate(records, time);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let ratio = measured.commands_per_second as f64 / raw.max(1) as f64;
    Ok(Embedded {
        clients: options.clients,
        commands_per_second: measured.commands_per_second,
        latency: measured.latency,
        event_bytes: measured.event_bytes,
        batch_events: measured.batch_events,
        raw_records_per_second: raw,
        ratio,
    })
}

fn append(
    log: &EmbeddedLog,
    index: u32,
    batch: usize,
    bytes: u64,
    time: Duration,
) -> anyhow::Result<u64> {
    let mut writer = log.claim(&Partition::new(STREAM, index))?;
    let entry = Entry {
        key: "bench-12-34567".into(),
        event_type: "ecommerce.order.order.confirmed.v1".into(),
        traceparent: None,
        value: vec![0xa5; usize::try_from(bytes)?.saturating_sub(80)],
    };
    let started = Instant::now();
    let mut records = 0;
    while started.elapsed() < time {
        let mut entries = Batch::default();
        for _ in 0..batch {
            entries.push_command([entry.clone()]);
        }
        writer.append(entries)?;
        records += batch as u64;
    }
    Ok(records)
}
