//! Opens the log that the settings name, and makes sure that every stream is there.
//!
//! The data directory belongs to one process and to one log: what is kept in it counts by that log's sequences.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use chimera_config::{Config, LogKind};
use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_domain::payment::Payment;
use chimera_domain::product::Product;
use chimera_domain::stock::Stock;
use chimera_log::{Bookmarks, Control, EventLog, StreamSpec};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions, FileControl};
use chimera_log_kafka::{KafkaLog, KafkaSettings};

use crate::kafka;

/// Every stream there is.
pub const STREAMS: [&str; 4] = [Product::STREAM, Stock::STREAM, Order::STREAM, Payment::STREAM];

/// The log, and what keeps other processes out of the data directory.
pub struct OpenLog {
    /// The truth.
    pub log: Arc<dyn EventLog>,
    /// What operators have decided, such as which generations are live.
    pub control: Arc<dyn Control>,
    /// Where processes keep how far they have come, if every node must find it.
    pub bookmarks: Option<Arc<dyn Bookmarks>>,
    /// Locked for as long as it is open; the embedded log has a lock of its own.
    pub lock: Option<Arc<File>>,
}

/// Opens the log. `advertised` is where other nodes reach this one. Blocks.
///
/// # Errors
/// If the directory is in use, damaged or of another log, if Kafka does not answer, or a stream has another partition count.
pub fn open_log(config: &Config, advertised: Option<&str>) -> anyhow::Result<OpenLog> {
    let directory = &config.data_dir;
    fs::create_dir_all(directory)
        .with_context(|| format!("the data directory {} cannot be made", directory.display()))?;
    let partitions = config.log.partitions();
    let opened = match config.log.kind {
        LogKind::Embedded => {
            let log = Arc::new(embedded(directory)?);
            OpenLog { log, control: control_in(directory)?, bookmarks: None, lock: None }
        }
        LogKind::Kafka => on_kafka(config, advertised.unwrap_or_default())?,
    };
    opened.log.ensure_streams(&STREAMS.map(|name| StreamSpec { name: name.into(), partitions }))?;
    Ok(opened)
}

fn embedded(directory: &Path) -> anyhow::Result<EmbeddedLog> {
    if directory.join(IDENTITY).exists() {
        bail!("{} belongs to a log on Kafka; use another --data", directory.display());
    }
    let log = EmbeddedLog::open(directory.join("log"), EmbeddedLogOptions::default())?;
    for torn in log.torn_tails() {
        tracing::warn!(
            partition = %torn.partition,
            bytes = torn.bytes,
            last_sequence = torn.last_sequence,
            "a write that was cut short, and never acknowledged, was removed from the log"
        );
    }
    Ok(log)
}

/// A log that is only read, as `replay` does; no other process is disturbed.
pub struct LogToRead {
    /// The truth.
    pub log: Arc<dyn EventLog>,
    /// What operators have decided; `replay` decides itself.
    pub control: Arc<dyn Control>,
    /// The log itself where it lies in the data directory.
    pub embedded: Option<Arc<EmbeddedLog>>,
}

/// Opens the log without making anything or asking for a share of it. Blocks.
///
/// # Errors
/// If the directory is in use, damaged or not there, or Kafka does not answer.
pub fn open_log_to_read(config: &Config) -> anyhow::Result<LogToRead> {
    if config.log.kind == LogKind::Kafka {
        let settings = KafkaSettings { membership: None, ..kafka::log_settings(config, "") };
        let log = KafkaLog::open(settings)?;
        let control = control_beside(&log, config)?;
        return Ok(LogToRead { log: Arc::new(log), control, embedded: None });
    }
    let options = EmbeddedLogOptions::default();
    let log = Arc::new(EmbeddedLog::open(config.data_dir.join("log"), options)?);
    let control = control_in(&config.data_dir)?;
    Ok(LogToRead { log: log.clone(), control, embedded: Some(log) })
}

/// In the data directory: the decisions on what one node has for itself.
const CONTROL: &str = "control";

fn control_in(directory: &Path) -> anyhow::Result<Arc<dyn Control>> {
    Ok(Arc::new(FileControl::open(&directory.join(CONTROL))?))
}

/// Where all nodes share the stores, what is decided on them is said to all; else each node has its own generations.
fn control_beside(log: &KafkaLog, config: &Config) -> anyhow::Result<Arc<dyn Control>> {
    if config.stores.has_embedded() {
        return control_in(&config.data_dir);
    }
    Ok(Arc::new(log.control()?))
}

/// Says to which Kafka the directory belongs.
const IDENTITY: &str = "kafka.txt";

fn on_kafka(config: &Config, advertised: &str) -> anyhow::Result<OpenLog> {
    let directory = &config.data_dir;
    if directory.join("log").exists() {
        bail!("{} holds an embedded log; use another --data", directory.display());
    }
    let lock = File::create(directory.join("lock"))?;
    if lock.try_lock().is_err() {
        bail!(
            "{} is in use by another process; give each node its own --data",
            directory.display()
        );
    }
    let log = KafkaLog::open(kafka::log_settings(config, advertised))?;
    let identity = format!("{} {}\n", log.cluster_id()?, config.kafka.topic_prefix);
    belongs_to(directory, &identity)?;
    let bookmarks: Arc<dyn Bookmarks> = Arc::new(log.bookmarks());
    let control = control_beside(&log, config)?;
    let lock = Some(Arc::new(lock));
    Ok(OpenLog { log: Arc::new(log), control, bookmarks: Some(bookmarks), lock })
}

fn belongs_to(directory: &Path, identity: &str) -> anyhow::Result<()> {
    let file = directory.join(IDENTITY);
    match fs::read_to_string(&file) {
        Ok(found) if found == identity => Ok(()),
        Ok(found) if !found.is_empty() => bail!(
            "{} belongs to another Kafka or topic prefix ({}); use another --data",
            directory.display(),
            found.trim()
        ),
        _ => Ok(fs::write(&file, identity)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_stays_with_its_kafka() {
        let directory = tempfile::tempdir().unwrap();
        belongs_to(directory.path(), "a shop.\n").unwrap();
        belongs_to(directory.path(), "a shop.\n").unwrap();
        let said = belongs_to(directory.path(), "b shop.\n").unwrap_err().to_string();
        assert!(said.contains("belongs to another Kafka or topic prefix (a shop.)"), "{said}");
        let said = embedded(directory.path()).err().unwrap().to_string();
        assert!(said.contains("belongs to a log on Kafka"), "{said}");
    }
}
