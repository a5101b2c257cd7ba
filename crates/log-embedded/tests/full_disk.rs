//! A disk without room refuses appends and loses nothing; when there is room again, the same writer goes on.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use chimera_log::{AppendError, Batch, Entry, EventLog, Partition, StreamSpec, Writer};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};
use tempfile::TempDir;

/// Names the log's directory to the process that runs under the limit.
const DIRECTORY: &str = "CHIMERA_TEST_LIMITED_DIRECTORY";

fn open(dir: &Path, max_bytes: Option<u64>) -> EmbeddedLog {
    let chunk_bytes = 64 * 1024;
    let log =
        EmbeddedLog::open(dir, EmbeddedLogOptions { chunk_bytes, max_bytes, ..Default::default() })
            .unwrap();
    log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 1 }]).unwrap();
    log
}

fn partition() -> Partition {
    Partition::new("orders", 0)
}

fn value(sequence: u64) -> Vec<u8> {
    sequence.to_le_bytes().repeat(125)
}

fn append(writer: &mut dyn Writer, records: u64) -> Result<(), AppendError> {
    let first = writer.next_sequence();
    let entry = |sequence| Entry {
        key: "o-1".into(),
        event_type: "placed".into(),
        traceparent: None,
        value: value(sequence),
    };
    let mut batch = Batch::default();
    batch.push_command((first..first + records).map(entry));
    writer.append(batch).map(drop)
}

/// Appends until there is no room, and says how far it came.
fn fill(writer: &mut dyn Writer) -> u64 {
    let refused = loop {
        if let Err(error) = append(writer, 30) {
            break error;
        }
    };
    assert!(matches!(refused, AppendError::Unavailable { .. }), "{refused}");
    let last = writer.next_sequence() - 1;
    assert!(append(writer, 30).is_err());
    while append(writer, 1).is_ok() {}
    assert!(writer.next_sequence() - 1 <= last + 30, "what is left takes single records only");
    writer.next_sequence() - 1
}

async fn assert_all_there(log: &EmbeddedLog, last: u64) {
    let mut reader = log.read(&partition(), 1).unwrap();
    let mut due = 1;
    while due <= last {
        for record in reader.next().await.unwrap().records {
            assert_eq!((record.sequence, record.value), (due, value(due).into()));
            due += 1;
        }
    }
    assert_eq!((due, *log.high_watermark(&partition()).unwrap().borrow()), (last + 1, last));
}

#[tokio::test]
async fn an_append_past_the_quota_is_refused_before_anything_is_written() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path(), Some(1_000_000));
    let mut writer = log.claim(&partition()).unwrap();
    let last = fill(&mut *writer);
    assert!(last > 900, "only {last} records of 1000 bytes fit a million");
    assert_all_there(&log, last).await;
    let file = dir.path().join("orders/0/00000000000000000001.seg");
    assert!(std::fs::metadata(file).unwrap().len() <= 1_000_000);
    drop((log, writer));

    let log = open(dir.path(), Some(2_000_000));
    assert_all_there(&log, last).await;
    let mut writer = log.claim(&partition()).unwrap();
    append(&mut *writer, 30).unwrap();
    assert_all_there(&log, last + 30).await;
    assert!(fill(&mut *writer) > 1_800);
}

/// Runs this test again under a file size limit, which the system enforces as it does a full disk.
#[tokio::test]
async fn a_full_disk_loses_nothing_and_the_writer_goes_on_when_there_is_room() {
    if let Some(dir) = std::env::var_os(DIRECTORY) {
        return under_the_limit(&PathBuf::from(dir)).await;
    }
    let dir = TempDir::new().unwrap();
    let name = "a_full_disk_loses_nothing_and_the_writer_goes_on_when_there_is_room";
    let child = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; ulimit -S -f 2000; exec "$0" "$@""#])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(DIRECTORY, dir.path())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    let last = std::fs::read_to_string(dir.path().join("last")).unwrap().parse().unwrap();
    let log = open(dir.path(), None);
    assert_eq!(log.torn_tails(), []);
    assert_all_there(&log, last).await;
    append(&mut *log.claim(&partition()).unwrap(), 30).unwrap();
    assert_all_there(&log, last + 30).await;
}

async fn under_the_limit(dir: &Path) {
    let log = open(dir, None);
    let mut writer = log.claim(&partition()).unwrap();
    let last = fill(&mut *writer);
    assert!(last > 900, "{last}");
    assert_all_there(&log, last).await;
    let process = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &process, "--fsize=unlimited"]).status();
    assert!(raised.unwrap().success());
    append(&mut *writer, 30).unwrap();
    assert_all_there(&log, last + 30).await;
    std::fs::write(dir.join("last"), (last + 30).to_string()).unwrap();
}
