//! `replay verify-backup`: whether a restore point is still what was written. Changes nothing, needs neither log nor store.

use std::sync::Arc;
use std::time::Instant;

use chimera_backup::{Checker, Fault, Judge, absent, examine};
use chimera_log::{Partition, RawRecord};
use chimera_worker::Decoder;
use serde::Serialize;

use crate::cli::{VerifyBackupOptions, at_once};
use crate::failure::Failure;
use crate::log_check::Checked;
use crate::partition_bars::PartitionBars;
use crate::{restore, schemas_kept};

/// What was found.
#[derive(Debug, Serialize)]
pub struct VerifyBackupReport {
    /// `sound` or `damaged`.
    pub verdict: &'static str,
    /// The restore point.
    pub point: String,
    /// Whether it is signed.
    pub signed: bool,
    /// Whether it is signed with the key of `--trust`.
    pub trusted: bool,
    /// Whether everything was read.
    pub deep: bool,
    /// How many events it holds.
    pub events: u64,
    /// Bytes of its objects.
    pub bytes: u64,
    /// What is wrong; at most twenty of each partition.
    pub faults: Vec<Fault>,
    /// How long it took.
    pub seconds: f64,
}

pub(crate) async fn verify_backup(
    options: &VerifyBackupOptions,
) -> Result<VerifyBackupReport, Failure> {
    let started = Instant::now();
    let point = Arc::new(restore::point(&options.of).await?);
    let mut faults = absent(&point).await?;
    if options.deep && faults.is_empty() {
        let ids = schemas_kept::ids_of(&point).await?;
        let decoder = Arc::new(Decoder::new(&ids).map_err(Failure::failed)?);
        let (checker, bars) = (Arc::new(Events(decoder)), Arc::new(PartitionBars::new()));
        let parallel = at_once(options.of.parallel);
        let found = examine(point.clone(), checker, parallel, bars.clone()).await;
        bars.end();
        faults = found?;
    }
    Ok(VerifyBackupReport {
        verdict: if faults.is_empty() { "sound" } else { "damaged" },
        point: point.manifest.name.clone(),
        signed: point.manifest.signer.is_some(),
        trusted: options.of.trust.is_some(),
        deep: options.deep,
        events: point.manifest.events(),
        bytes: point.manifest.bytes(),
        faults,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Judges events as `verify` judges those of a log.
struct Events(Arc<Decoder>);

impl Checker for Events {
    fn of(&self, partition: &Partition) -> Box<dyn Judge> {
        Box::new(OfPartition(Checked::new(partition.clone(), self.0.clone())))
    }
}

struct OfPartition(Checked);

impl Judge for OfPartition {
    fn record(&mut self, record: &RawRecord) -> Result<(), String> {
        self.0.event(record)
    }
}
