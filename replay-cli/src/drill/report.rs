//! What a drill found, as programs and people read it, and how it is judged.

use serde::Serialize;

use crate::rebuild::cores;
use crate::verify::TableReport;

/// What was rehearsed and reached.
#[derive(Debug, Serialize)]
pub struct DrillReport {
    /// `reached`; `missed` if a target was not met; `different` if something is not what it should be; `failed` if it could not be
    /// restored or rebuilt.
    pub verdict: &'static str,
    /// When it began.
    pub began: String,
    /// When it ended.
    pub ended: String,
    /// What kept it from its end.
    pub problem: Option<String>,
    /// How long it took until the shop could be read, and until it was proved.
    pub rto: Rto,
    /// What would have been lost.
    pub rpo: Rpo,
    /// The restore point.
    pub point: PointDrilled,
    /// What was done, in this order.
    pub steps: Vec<Step>,
    /// What the restore did; none if it did not come to its end.
    pub restored: Option<Restored>,
    /// Whether the restored log is sound; none if nobody came to look.
    pub log: Option<LogDrilled>,
    /// Each partition.
    pub partitions: Vec<PartitionDrilled>,
    /// Each read model.
    pub models: Vec<ModelDrilled>,
    /// The release and the machine.
    pub machine: Machine,
    /// The public key that the report is signed for; none if it is not signed.
    pub signer: Option<String>,
    /// The files of the report, in its directory.
    pub files: Vec<String>,
    /// What an operator should know.
    pub notes: Vec<String>,
}

/// Recovery time.
#[derive(Debug, Default, Serialize)]
pub struct Rto {
    /// Until every read model was rebuilt, so that it could be read; none if it never was.
    pub rebuilt_seconds: Option<f64>,
    /// Until every read model and the log were proved.
    pub proved_seconds: Option<f64>,
    /// In how many seconds it had to be proved.
    pub target_seconds: Option<u32>,
    /// Whether it was; none without a target.
    pub met: Option<bool>,
}

/// Recovery point.
#[derive(Debug, Default, Serialize)]
pub struct Rpo {
    /// How many seconds of events would be lost: exact where the live log could be looked at, at most so many otherwise.
    pub reached_seconds: Option<f64>,
    /// Whether the live log said so.
    pub is_exact: bool,
    /// When the newest restored event was recorded.
    pub newest_at: Option<String>,
    /// How old that was when the drill began.
    pub age_seconds: Option<f64>,
    /// What the live log says, or why nothing is known of it.
    pub live: String,
    /// How many events the restore point lacks; none where unknown.
    pub lacking: Option<u64>,
    /// When the first of them was recorded.
    pub lacking_from: Option<String>,
    /// When the last of them was recorded.
    pub lacking_to: Option<String>,
    /// How many seconds may be lost.
    pub target_seconds: Option<u32>,
    /// Whether it is no more; none without a target.
    pub met: Option<bool>,
}

/// The restore point that was rehearsed.
#[derive(Debug, Serialize)]
pub struct PointDrilled {
    /// Where it lies.
    pub place: String,
    /// Its name.
    pub name: String,
    /// The release that wrote it.
    pub program: String,
    /// Which log it was.
    pub source: String,
    /// When it began.
    pub began: String,
    /// Whether it is signed.
    pub signed: bool,
    /// Whether it is signed with the key of `--trust`.
    pub trusted: bool,
    /// How many events it holds.
    pub events: u64,
    /// Bytes of its objects.
    pub bytes: u64,
    /// Bytes of its records before they were compressed.
    pub raw_bytes: u64,
}

/// One step; times are seconds of a clock that never goes back.
#[derive(Debug, Serialize)]
pub struct Step {
    /// `check`, `restore`, `rebuild` or `verify`.
    pub name: &'static str,
    /// When it began, from the start of the drill.
    pub at_seconds: f64,
    /// How long it took.
    pub seconds: f64,
    /// Whether it went well.
    pub good: bool,
    /// What came of it.
    pub said: String,
}

/// What the restore did.
#[derive(Debug, Serialize)]
pub struct Restored {
    /// How many events were appended.
    pub events: u64,
    /// Bytes of their records.
    pub bytes: u64,
    /// How many a second.
    pub events_per_second: f64,
    /// How many a second.
    pub bytes_per_second: f64,
}

/// Whether the restored log is sound.
#[derive(Debug, Serialize)]
pub struct LogDrilled {
    /// `sound` or `damaged`.
    pub verdict: &'static str,
    /// How many events were read.
    pub events: u64,
    /// How many faults were named.
    pub faults: usize,
}

/// One partition.
#[derive(Debug, Serialize)]
pub struct PartitionDrilled {
    /// The stream's name.
    pub stream: String,
    /// The partition's index.
    pub partition: u32,
    /// The last sequence of the restore point.
    pub restored: u64,
    /// The last sequence of the live log; none where unknown.
    pub live: Option<u64>,
    /// How many events the restore point lacks.
    pub lacking: Option<u64>,
    /// When the first of them was recorded.
    pub lacking_from: Option<String>,
    /// When the last of them was recorded.
    pub lacking_to: Option<String>,
}

/// One read model.
#[derive(Debug, Serialize)]
pub struct ModelDrilled {
    /// Its name.
    pub name: &'static str,
    /// How many events were read or passed over.
    pub events: u64,
    /// How long it was rebuilt.
    pub seconds: f64,
    /// How many events a second.
    pub events_per_second: f64,
    /// How many events wait among the dead letters.
    pub parked_events: u64,
    /// `identical` or `different`; none if nobody came to look.
    pub verdict: Option<&'static str>,
    /// What is wrong with it.
    pub problems: Vec<String>,
    /// Its tables and key-value spaces.
    pub tables: Vec<TableDrilled>,
}

/// One table or key-value space.
#[derive(Debug, Serialize)]
pub struct TableDrilled {
    /// Its name.
    pub name: &'static str,
    /// `identical` or `different`.
    pub verdict: &'static str,
    /// How many rows.
    pub rows: u64,
    /// The checksum of its content.
    pub checksum: String,
}

impl From<TableReport> for TableDrilled {
    fn from(table: TableReport) -> Self {
        let TableReport { name, verdict, rows, checksum, .. } = table;
        Self { name, verdict, rows, checksum }
    }
}

/// What did the work.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// This program.
    pub release: String,
    /// How many cores it may use.
    pub cores: usize,
    /// How much memory there is, in bytes; none where the system does not say.
    pub memory_bytes: Option<u64>,
    /// The system and the processor.
    pub system: String,
}

impl Machine {
    /// The one that this runs on.
    pub(super) fn this() -> Self {
        let build = if cfg!(debug_assertions) { ", not optimised" } else { "" };
        Self {
            release: format!("replay {}{build}", env!("CARGO_PKG_VERSION")),
            cores: cores(),
            memory_bytes: memory(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}

/// As Linux says it, in kibibytes; other systems have no such file.
fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

impl DrillReport {
    /// Judges the figures by their targets and everything by what came of the steps.
    pub(super) fn judge(&mut self) {
        let (rto, rpo) = (&mut self.rto, &mut self.rpo);
        rto.met = met(rto.proved_seconds, rto.target_seconds);
        rpo.met = met(rpo.reached_seconds, rpo.target_seconds);
        let proved = self.steps.iter().find(|step| step.name == "verify");
        self.verdict = match proved {
            None => "failed",
            Some(_) if self.problem.is_some() => "failed",
            Some(verify) if !verify.good => "different",
            Some(_) if rto.met == Some(false) || rpo.met == Some(false) => "missed",
            Some(_) => "reached",
        };
    }
}

/// None without a target; what was never reached has not met it.
fn met(reached: Option<f64>, target: Option<u32>) -> Option<bool> {
    let target = f64::from(target?);
    Some(reached.is_some_and(|reached| reached <= target))
}

/// How many a second, where it took any time.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub(super) fn rate(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_up_to_its_last_second_and_never_by_what_was_not_reached() {
        assert_eq!(met(Some(60.0), Some(60)), Some(true));
        assert_eq!(met(Some(60.1), Some(60)), Some(false));
        assert_eq!(met(None, Some(60)), Some(false));
        assert_eq!(met(Some(60.0), None), None);
    }
}
