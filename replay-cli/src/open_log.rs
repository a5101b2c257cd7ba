//! The log, opened to be read, and what decodes it: all that a verb needs that asks no store.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use chimera_config::{Config, LogKind};
use chimera_log::{Control, EventLog};
use chimera_log_embedded::EmbeddedLog;
use chimera_wiring::{LogToRead, open_log_to_read, schemas};
use chimera_worker::Decoder;

use crate::data::Positions;
use crate::failure::Failure;

/// An open log. Clones share it.
#[derive(Clone)]
pub(crate) struct OpenLog {
    pub(crate) dir: PathBuf,
    pub(crate) log: Arc<dyn EventLog>,
    /// What operators have decided.
    pub(crate) control: Arc<dyn Control>,
    /// The log itself where it lies in the data directory.
    pub(crate) embedded: Option<Arc<EmbeddedLog>>,
    pub(crate) decoder: Arc<Decoder>,
}

impl OpenLog {
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        let dir = config.data_dir.clone();
        if config.log.kind == LogKind::Embedded && !dir.join("log").is_dir() {
            return Err(Failure::Usage(format!(
                "there is no log in {}; name the data directory with --data",
                dir.join("log").display()
            )));
        }
        let LogToRead { log, control, embedded } =
            open_log_to_read(config).map_err(Failure::opening)?;
        note_torn_tails(embedded.as_deref());
        let ids = schemas::ids(config).await.map_err(Failure::opening)?;
        let decoder = Arc::new(Decoder::new(&ids).map_err(Failure::failed)?);
        Ok(Self { dir, log, control, embedded, decoder })
    }

    /// Where each partition of these streams ends now.
    pub(crate) fn ends(&self, streams: &[&str]) -> Result<Positions, Failure> {
        let mut wanted = self.log.streams()?;
        wanted.retain(|stream| streams.contains(&&*stream.name));
        Ok(chimera_log::ends(&*self.log, &wanted)?)
    }

    /// Where every partition ends now.
    pub(crate) fn all_ends(&self) -> Result<Positions, Failure> {
        Ok(chimera_log::ends(&*self.log, &self.log.streams()?)?)
    }
}

fn note_torn_tails(log: Option<&EmbeddedLog>) {
    for torn in log.map(EmbeddedLog::torn_tails).unwrap_or_default() {
        let (partition, last, bytes) = (&torn.partition, torn.last_sequence, torn.bytes);
        let _ = writeln!(
            std::io::stderr(),
            "note: {partition} ends at sequence {last}; {bytes} bytes behind it, of an append that was never \
             acknowledged, were cut"
        );
    }
}
