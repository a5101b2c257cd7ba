//! How fast the log appends and scans, beside what the bare disk gives for the same bytes.
//!
//! `cargo run --release -p chimera-log-embedded --example append_ceiling [-- <directory> [seconds [partitions]]]`
#![allow(clippy::print_stdout, reason = "the figures are its output")]

use std::error::Error;
use std::fs::File;
use std::future::Future;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use chimera_log::{Batch, Entry, EventLog, Partition, StreamSpec};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What one run needs to know.
#[derive(Clone)]
struct Plan {
    dir: PathBuf,
    duration: Duration,
    partitions: u32,
    batch: usize,
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let seconds = arguments.next().map_or(Ok(2.0), |text| text.parse())?;
    let partitions = arguments.next().map_or(Ok(1), |text| text.parse())?;
    println!("{partitions} partition(s), 300-byte records, in {}", dir.display());
    println!("batch      log rec/s     file rec/s   of file     scan rec/s");
    for batch in [1, 16, 256] {
        let place = dir.join(format!("append-ceiling-{}-{batch}", std::process::id()));
        let duration = Duration::from_secs_f64(seconds);
        let plan = Plan { dir: place.clone(), duration, partitions, batch };
        let ceiling = side_by_side(&plan, write_file)?;
        let log = EmbeddedLog::open(&place, EmbeddedLogOptions::default())?;
        log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions }])?;
        let appended = side_by_side(&plan, |plan, index| append(&log, plan, index))?;
        let scanned = scan(&log)?;
        println!(
            "{batch:5} {appended:14.0} {ceiling:14.0} {:8.0} % {scanned:14.0}",
            100.0 * appended / ceiling
        );
        std::fs::remove_dir_all(place)?;
    }
    Ok(())
}

/// Records a second of one thread a partition.
fn side_by_side(plan: &Plan, work: impl Fn(&Plan, u32) -> Outcome<f64> + Sync) -> Outcome<f64> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> =
            (0..plan.partitions).map(|index| scope.spawn(move || work(plan, index))).collect();
        let mut sum = 0.0;
        for thread in threads {
            sum += thread.join().map_err(|_| "a thread has panicked")??;
        }
        Ok(sum)
    })
}

fn append(log: &EmbeddedLog, plan: &Plan, index: u32) -> Outcome<f64> {
    let mut writer = log.claim(&Partition::new("orders", index))?;
    let (mut records, mut appending) = (0.0, Duration::ZERO);
    while appending < plan.duration {
        let mut batch = Batch::default();
        for sequence in 0..plan.batch {
            batch.push_command([entry(sequence)]);
        }
        let start = Instant::now();
        writer.append(batch)?;
        appending += start.elapsed();
        records += as_float(plan.batch);
    }
    Ok(records / appending.as_secs_f64())
}

/// The same bytes over zeros that were synced before, in a file that is written over and over.
fn write_file(plan: &Plan, index: u32) -> Outcome<f64> {
    const LENGTH: usize = 64 * 1024 * 1024;
    std::fs::create_dir_all(&plan.dir)?;
    let path = plan.dir.join(format!("raw-{index}"));
    let file = File::create(&path)?;
    file.write_all_at(&vec![0; LENGTH], 0)?;
    file.sync_all()?;
    let frame = vec![7; 44 + plan.batch * (20 + 300)];
    let (mut offset, mut records) = (0, 0.0);
    let start = Instant::now();
    while start.elapsed() < plan.duration {
        if offset + frame.len() > LENGTH {
            offset = 0;
        }
        file.write_all_at(&frame, offset as u64)?;
        file.sync_data()?;
        offset += frame.len();
        records += as_float(plan.batch);
    }
    let rate = records / start.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}

fn scan(log: &EmbeddedLog) -> Outcome<f64> {
    let mut records = 0;
    let start = Instant::now();
    for status in log.sizes() {
        let mut reader = log.read(&status.partition, 1)?;
        while reader.position() <= status.last_sequence {
            records +=
                ready(reader.next()).ok_or("the reader waits before the end")??.records.len();
        }
    }
    Ok(as_float(records) / start.elapsed().as_secs_f64())
}

/// What a future gives at once.
fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A record of 300 bytes.
fn entry(sequence: usize) -> Entry {
    let key = format!("order-{sequence:010}").into();
    let event_type = "ecommerce.order.order.created.v1".into();
    let traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into());
    Entry { key, event_type, traceparent, value: vec![42; 300 - 16 - 32 - 55] }
}

#[allow(clippy::cast_precision_loss, reason = "a count of records in a few seconds")]
fn as_float(count: usize) -> f64 {
    count as f64
}
