//! The command line of `replay backup`, `restore` and `verify-backup`.

use std::path::PathBuf;

use chimera_domain::time::Timestamp;
use clap::Args;

use crate::rebuild::cores;

/// Where restore points lie, in every help page.
const PLACES: &str = "A place is a directory, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX with the credentials \
that the clouds' own tools take from the environment (AWS_ACCESS_KEY_ID, AWS_ENDPOINT…; GOOGLE_SERVICE_ACCOUNT…; \
AZURE_STORAGE_ACCOUNT_NAME…).";

pub(super) fn backup_help() -> String {
    format!(
        "{PLACES} What is there already is not written again; an interrupted backup goes on where it was. A log in the data \
directory is backed up while the shop is stopped, one on Kafka while everything runs.

Examples:
  replay backup --to /mnt/backups/shop --new-key /etc/chimera/backup.key
  replay backup --to s3://backups/shop --key /etc/chimera/backup.key --format json"
    )
}

pub(super) fn restore_help() -> String {
    format!(
        "{PLACES} The log of the settings must be empty, or hold a beginning of the same restore point: then the restore goes on \
behind it. Start the nodes when it is done, and rebuild the read models with `replay run --all`.

Examples:
  replay restore --from /mnt/backups/shop --trust backup.key.pub --dry-run
  replay restore --from s3://backups/shop --until 2026-11-22T10:00:00Z"
    )
}

pub(super) fn verify_backup_help() -> String {
    format!(
        "{PLACES}

Examples:
  replay verify-backup --from /mnt/backups/shop --trust backup.key.pub
  replay verify-backup --from s3://backups/shop --point 2026-11-22T10-00-00Z --deep"
    )
}

/// What to back up, and where to.
#[derive(Debug, Clone, Args)]
pub struct BackupOptions {
    /// The place of the restore points.
    #[arg(long, value_name = "PLACE")]
    pub to: String,
    /// The key that signs: a file of `--new-key`, or of `openssl genpkey -algorithm ed25519`.
    #[arg(long, value_name = "FILE", conflicts_with = "new_key")]
    pub key: Option<PathBuf>,
    /// Make a key in FILE and its public half in FILE.pub, and sign with it.
    #[arg(long, value_name = "FILE")]
    pub new_key: Option<PathBuf>,
    /// How many partitions at once; as many as there are cores unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: Option<u16>,
}

/// Which restore point.
#[derive(Debug, Clone, Args)]
pub(crate) struct OfPoint {
    /// The place of the restore points.
    #[arg(long, value_name = "PLACE")]
    pub from: String,
    /// Its name.
    #[arg(long, value_name = "NAME", default_value = "latest")]
    pub point: String,
    /// The public key that it must be signed for.
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// How many partitions at once; as many as there are cores unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: Option<u16>,
}

/// What to restore.
#[derive(Debug, Clone, Args)]
pub struct RestoreOptions {
    #[command(flatten)]
    pub(crate) of: OfPoint,
    /// Leave out what was recorded later, such as 2026-11-22T10:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<Timestamp>,
    /// Look whether it could be done, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// What to check.
#[derive(Debug, Clone, Args)]
pub struct VerifyBackupOptions {
    #[command(flatten)]
    pub(crate) of: OfPoint,
    /// Read everything: checksums, every event, sequences and versions without gaps.
    #[arg(long)]
    pub deep: bool,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let parsed = text.parse::<jiff::Timestamp>();
    let parsed = parsed.map_err(|_| "must be a time such as 2026-11-22T10:00:00Z".to_owned())?;
    Ok(Timestamp(parsed.as_microsecond()))
}

/// As many as were asked for, or as there are cores.
pub(crate) fn at_once(parallel: Option<u16>) -> usize {
    parallel.map_or_else(cores, usize::from)
}
