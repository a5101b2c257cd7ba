//! How fast a log in a directory is backed up and restored, beside what its disk reads and writes in a row, in the same run:
//! `cargo run --release -p chimera-backup --example backup_speed DIR EVENTS`. Needs about three times the log's size in DIR.

use std::error::Error;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chimera_backup::{
    About, Options, Place, Point, Restoring, SEGMENT_BYTES, Schemas, Source, Target, back_up,
    restore, until,
};
use chimera_codec::testing::sample;
use chimera_codec::{StreamCodec, bundled_schemas, schemas_of};
use chimera_domain::order;
use chimera_domain::time::Timestamp;
use chimera_log::{Batch, Entry, EventLog, Partition, StreamSpec};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};
use rustix::fs::{Advice, fadvise};

const STREAM: &str = "ecommerce.order.order";
const PARTITIONS: u32 = 4;
const AT_ONCE: u64 = 2_000;
const CHUNK: usize = 4 * 1024 * 1024;

/// The schemas that come with the program, under their own ids.
struct Bundled;

#[async_trait]
impl Schemas for Bundled {
    async fn text(&self, id: u32) -> Result<Option<String>, String> {
        Ok(bundled_schemas().iter().find(|own| own.id == id).map(|own| own.json.to_owned()))
    }

    async fn id(&self, stream: &str, text: &str, _: bool) -> Result<Option<u32>, String> {
        Ok(schemas_of(stream).iter().find(|own| own.json == text).map(|own| own.id))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().ok_or("name a directory")?);
    let events: u64 = arguments.next().ok_or("say how many events")?.parse()?;
    fs::create_dir_all(&dir)?;
    write_log(&dir.join("log"), events)?;
    let bytes = size(&dir.join("log"))?;
    say(&format!("{events} events, {} MB of log", bytes / 1_000_000));
    let (written, read) = raw(&dir.join("raw"), bytes)?;
    say(&format!("the disk in a row: written {written:.0} MB/s, read {read:.0} MB/s"));
    let (backed, place) = backup(&dir).await?;
    report("backup", events, bytes, (backed, read));
    let restored = restored(&dir, &place).await?;
    report("restore", events, bytes, (restored, written));
    let status = fs::read_to_string("/proc/self/status")?;
    say(status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    Ok(())
}

/// Of the log's bytes, against the raw rate.
#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn report(what: &str, events: u64, bytes: u64, (took, raw): (Duration, f64)) {
    let seconds = took.as_secs_f64();
    let rate = bytes as f64 / 1e6 / seconds;
    say(&format!(
        "{what}: {seconds:.2} s, {:.0} events/s, {rate:.0} MB/s, {:.0} % of the disk",
        events as f64 / seconds,
        rate / raw * 100.0
    ));
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Orders as they are, each with ids of its own.
fn write_log(dir: &Path, events: u64) -> Result<(), Box<dyn Error>> {
    let log = EmbeddedLog::open(dir, EmbeddedLogOptions::default())?;
    log.ensure_streams(&[StreamSpec { name: STREAM.into(), partitions: PARTITIONS }])?;
    let codec = StreamCodec::<order::Event>::bundled(STREAM)?;
    let (happened, mut meta) = (sample::order(), sample::meta());
    for index in 0..PARTITIONS {
        let mut writer = log.claim(&Partition::new(STREAM, index))?;
        let mut left = events / u64::from(PARTITIONS);
        while left > 0 {
            let mut batch = Batch::default();
            for event in happened.iter().cycle().take(usize::try_from(left.min(AT_ONCE))?) {
                let random = u128::from(fastrand::u64(..)) << 64 | u128::from(fastrand::u64(..));
                (meta.event_id, meta.sequence) = (random, meta.sequence + 1);
                meta.recorded_at = Timestamp(meta.recorded_at.0 + fastrand::i64(1..900));
                meta.causation_id = format!("{random:032x}").into();
                meta.command_id =
                    format!("key:{:016x}#{:016x}", fastrand::u64(..), fastrand::u64(..)).into();
                let key = format!("order-{:08x}", fastrand::u32(..));
                let mut value = Vec::with_capacity(512);
                codec.encode(&key, &meta, event, &mut value)?;
                let entry = Entry {
                    key: key.into(),
                    event_type: "ecommerce.order.order.created.v1".into(),
                    traceparent: None,
                    value,
                };
                batch.push_command([entry]);
            }
            left -= batch.len() as u64;
            writer.append(batch)?;
        }
    }
    Ok(())
}

async fn backup(dir: &Path) -> Result<(Duration, Place), Box<dyn Error>> {
    let log = Arc::new(EmbeddedLog::open(dir.join("log"), EmbeddedLogOptions::default())?);
    forget(&dir.join("log"))?;
    let place = Place::open(&dir.join("backup").display().to_string(), true)?;
    let source = Source { log, schemas: Arc::new(Bundled), about: About::default() };
    let options = Options {
        parallel: std::thread::available_parallelism()?.get(),
        segment_bytes: SEGMENT_BYTES,
        settle: Duration::ZERO,
        key: None,
        progress: Arc::new(()),
    };
    let started = Instant::now();
    let backed = back_up(source, &place, options).await?;
    let took = started.elapsed();
    say(&format!(
        "compressed {:.1} to 1",
        ratio(backed.manifest.raw_bytes(), backed.manifest.bytes())
    ));
    Ok((took, place))
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn ratio(raw: u64, bytes: u64) -> f64 {
    raw as f64 / bytes.max(1) as f64
}

async fn restored(dir: &Path, place: &Place) -> Result<Duration, Box<dyn Error>> {
    forget(&dir.join("backup"))?;
    let started = Instant::now();
    let point = Arc::new(Point::load(place, "latest", None).await?);
    let cut = until(&point, None).await?;
    let log = Arc::new(EmbeddedLog::open(dir.join("copy"), EmbeddedLogOptions::default())?);
    let parallel = std::thread::available_parallelism()?.get();
    let restoring = Restoring { point, cut, parallel, progress: Arc::new(()) };
    restore(restoring, &Target { log: Some(log), schemas: Arc::new(Bundled) }).await?;
    Ok(started.elapsed())
}

/// MB/s, written and read in a row.
#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn raw(file: &Path, bytes: u64) -> Result<(f64, f64), Box<dyn Error>> {
    let mut chunk = vec![0; CHUNK];
    fastrand::fill(&mut chunk);
    let started = Instant::now();
    let mut out = File::create(file)?;
    let chunks = bytes.div_ceil(CHUNK as u64);
    for _ in 0..chunks {
        out.write_all(&chunk)?;
        out.sync_data()?;
    }
    let written = started.elapsed();
    forget_file(file)?;
    let (mut input, started) = (File::open(file)?, Instant::now());
    while input.read(&mut chunk)? > 0 {}
    let read = started.elapsed();
    fs::remove_file(file)?;
    let rate = |took: Duration| (chunks * CHUNK as u64) as f64 / 1e6 / took.as_secs_f64();
    Ok((rate(written), rate(read)))
}

/// Makes the system read these files from the disk again.
fn forget(dir: &Path) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { forget(&path)? } else { forget_file(&path)? }
    }
    Ok(())
}

fn forget_file(file: &Path) -> Result<(), Box<dyn Error>> {
    let file = File::open(file)?;
    file.sync_all()?;
    Ok(fadvise(&file, 0, None, Advice::DontNeed)?)
}

fn size(dir: &Path) -> Result<u64, Box<dyn Error>> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        bytes += if entry.path().is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}
