//! The command line of `replay drill`.

use std::path::PathBuf;

use clap::Args;

pub(super) const HELP: &str = "Restores into a directory of its own, rebuilds every read model there, proves them, and removes all of it: nothing \
is written to the restore point, the log or the stores of the settings. Needs room for the log and twice the read models. DIR gets \
drill-TIME.json, with --key its signature drill-TIME.json.sig, and drill-TIME.html, a page for people.

Verdicts: reached; missed (a target was not met); different (a read model or the log is not what it should be); failed (it could not be \
restored or rebuilt). Exit code 0 means reached; with --check, that the signature is that key's.

Examples:
  replay drill --from s3://backups/shop --trust backup.key.pub --report /var/drills --key drill.key --rto 900 --rpo 3600
  replay drill --check /var/drills/drill-2026-11-22T10-00-00Z.json --trust drill.key.pub";

/// What to rehearse, and what to make of it.
#[derive(Debug, Clone, Args)]
pub struct DrillOptions {
    /// The place of the restore points, as for `replay restore`.
    #[arg(long, value_name = "PLACE", required_unless_present = "check")]
    pub from: Option<String>,
    /// Which restore point.
    #[arg(long, value_name = "NAME", default_value = "latest")]
    pub point: String,
    /// The public key that the restore point must be signed for; with --check, the report.
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// Where the report goes.
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    pub report: Option<PathBuf>,
    /// Where the copy is made and removed again; the system's directory for temporary files unless given.
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
    /// The key that signs the report, as `replay backup` takes it.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How many partitions or read models at once; as many as there are cores unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: Option<u16>,
    /// In how many seconds every read model must be proved.
    #[arg(long, value_name = "SECONDS")]
    pub rto: Option<u32>,
    /// The events of how many seconds may be lost.
    #[arg(long, value_name = "SECONDS")]
    pub rpo: Option<u32>,
    /// Rehearse nothing, but look whether this report is as it was signed.
    #[arg(long, value_name = "REPORT", requires = "trust", conflicts_with_all = ["from", "report", "scratch", "key"])]
    pub check: Option<PathBuf>,
}
