//! The embedded log keeps the contract, with segments of any size, and everything over a restart.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chimera_log::contract::{Log, keeps_all_when_reopened, keeps_the_contract};
use chimera_log::{
    AppendError, Batch, ClaimError, Entry, EventLog, Ownership, Partition, ReadError, Reader,
    StreamSpec, Writer,
};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions, OpenError, PartitionStatus};
use tempfile::TempDir;
use tokio::sync::watch;

/// A log whose directory goes with it.
struct Temporary {
    log: EmbeddedLog,
    _dir: TempDir,
}

impl EventLog for Temporary {
    fn ensure_streams(&self, streams: &[StreamSpec]) -> Result<(), ClaimError> {
        self.log.ensure_streams(streams)
    }
    fn streams(&self) -> Result<Vec<StreamSpec>, ReadError> {
        self.log.streams()
    }
    fn claim(&self, partition: &Partition) -> Result<Box<dyn Writer>, ClaimError> {
        self.log.claim(partition)
    }
    fn read(&self, partition: &Partition, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        self.log.read(partition, from)
    }
    fn high_watermark(&self, partition: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        self.log.high_watermark(partition)
    }
    fn ownership(&self) -> watch::Receiver<Ownership> {
        self.log.ownership()
    }
}

/// Segments so small that every few appends begin a new one.
fn tiny() -> EmbeddedLogOptions {
    EmbeddedLogOptions { segment_bytes: 2048, chunk_bytes: 512, max_bytes: None }
}

fn fresh(options: EmbeddedLogOptions) -> Log {
    let dir = TempDir::new().unwrap();
    Arc::new(Temporary { log: EmbeddedLog::open(dir.path(), options).unwrap(), _dir: dir })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_is_kept_with_segments_of_the_default_size() {
    keeps_the_contract(|| fresh(EmbeddedLogOptions::default())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_is_kept_with_tiny_segments() {
    keeps_the_contract(|| fresh(tiny())).await;
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    for options in [EmbeddedLogOptions::default(), tiny()] {
        let dir = TempDir::new().unwrap();
        let open = || -> Log { Arc::new(EmbeddedLog::open(dir.path(), options).unwrap()) };
        keeps_all_when_reopened(open(), |log| {
            drop(log);
            open()
        })
        .await;
    }
}

fn open(dir: &Path) -> EmbeddedLog {
    EmbeddedLog::open(dir, tiny()).unwrap()
}

fn orders(log: &EmbeddedLog) -> Partition {
    log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 2 }]).unwrap();
    Partition::new("orders", 0)
}

fn batch(records: usize) -> Batch {
    let entry = Entry {
        key: "o-1".into(),
        event_type: "placed".into(),
        traceparent: None,
        value: vec![7; 100],
    };
    let mut batch = Batch::default();
    batch.push_command(vec![entry; records]);
    batch
}

#[test]
fn a_directory_is_open_once_until_the_last_writer_is_gone() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    let writer = log.claim(&orders(&log)).unwrap();
    let refused = |why| {
        let error = EmbeddedLog::open(dir.path(), tiny()).err().unwrap();
        assert!(matches!(&error, OpenError::Locked { dir: named } if named == dir.path()), "{why}");
        assert!(error.to_string().contains(dir.path().to_str().unwrap()));
    };
    refused("the log is open");
    drop(log);
    refused("a writer could still append");
    drop(writer);
    open(dir.path());
}

#[test]
fn sizes_tell_what_each_partition_holds() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    let partition = orders(&log);
    let mut writer = log.claim(&partition).unwrap();
    for _ in 0..10 {
        writer.append(batch(5)).unwrap();
    }
    let sizes = log.sizes();
    let frame = 36 + 5 * (20 + 3 + 6 + 100) + 8;
    let filled = PartitionStatus {
        partition: partition.clone(),
        first_sequence: 1,
        last_sequence: 50,
        bytes: 10 * frame + 5 * 32,
        segments: 5,
    };
    let empty = PartitionStatus {
        partition: Partition::new("orders", 1),
        first_sequence: 1,
        last_sequence: 0,
        bytes: 32,
        segments: 1,
    };
    assert_eq!(sizes, [filled, empty]);
    drop((log, writer));
    assert_eq!(open(dir.path()).sizes(), sizes);
}

#[tokio::test]
async fn readers_learn_that_the_log_is_closed() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    let mut reader = log.read(&orders(&log), 1).unwrap();
    drop(log);
    assert_eq!(reader.next().await, Err(ReadError::Closed));
}

#[test]
fn a_fenced_writer_leaves_the_files_alone() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    let partition = orders(&log);
    let mut older = log.claim(&partition).unwrap();
    older.append(batch(3)).unwrap();
    let _newer = log.claim(&partition).unwrap();
    let before = files(dir.path());
    assert_eq!(older.append(batch(3)), Err(AppendError::Fenced { partition }));
    assert!(files(dir.path()) == before, "a fenced append has changed a file");
}

#[test]
fn streams_are_refused_if_their_directories_hold_records_that_the_manifest_does_not_name() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.claim(&orders(&log)).unwrap().append(batch(1)).unwrap();
    drop(log);
    std::fs::remove_file(dir.path().join("MANIFEST")).unwrap();
    let log = open(dir.path());
    let again = log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 2 }]);
    let Err(ClaimError::Unavailable { reason, .. }) = again else { unreachable!("{again:?}") };
    assert!(reason.contains("manifest"), "{reason}");
}

#[test]
fn a_manifest_of_another_format_or_altered_in_any_bit_is_refused() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    orders(&log);
    drop(log);
    let path = dir.path().join("MANIFEST");
    let sound = std::fs::read(&path).unwrap();
    for bit in 0..sound.len() * 8 {
        let mut altered = sound.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &altered).unwrap();
        let refused = EmbeddedLog::open(dir.path(), tiny()).err();
        assert!(matches!(refused, Some(OpenError::Manifest { .. })), "bit {bit}: {refused:?}");
    }
    std::fs::write(&path, "chimera-log 2\n").unwrap();
    let refused = EmbeddedLog::open(dir.path(), tiny()).err().unwrap().to_string();
    assert!(refused.contains("chimera-log 2") && refused.contains("chimera-log 1"), "{refused}");
}

#[test]
fn a_missing_partition_or_first_segment_is_refused() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    let mut writer = log.claim(&orders(&log)).unwrap();
    for _ in 0..10 {
        writer.append(batch(5)).unwrap();
    }
    drop((log, writer));
    let first = dir.path().join("orders/0/00000000000000000001.seg");
    std::fs::rename(&first, dir.path().join("elsewhere")).unwrap();
    let refused = EmbeddedLog::open(dir.path(), tiny()).err();
    assert!(matches!(refused, Some(OpenError::Manifest { .. })), "{refused:?}");
    std::fs::rename(dir.path().join("elsewhere"), &first).unwrap();
    open(dir.path());
    std::fs::remove_dir_all(dir.path().join("orders/1")).unwrap();
    assert!(EmbeddedLog::open(dir.path(), tiny()).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_partitions_are_written_and_followed_at_once() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 8 }]).unwrap();
    let partitions: Vec<_> = (0..8).map(|index| Partition::new("orders", index)).collect();
    let last = Arc::new(Mutex::new(Vec::new()));
    let writers: Vec<_> = partitions
        .iter()
        .map(|partition| {
            let mut writer = log.claim(partition).unwrap();
            let last = last.clone();
            std::thread::spawn(move || {
                for size in 1..40 {
                    writer.append(batch(size)).unwrap();
                }
                last.lock().unwrap().push(writer.next_sequence() - 1);
            })
        })
        .collect();
    for partition in &partitions {
        let mut reader = log.read(partition, 1).unwrap();
        while reader.position() <= 780 {
            let position = reader.position();
            let records = reader.next().await.unwrap().records;
            assert!(records.iter().zip(position..).all(|(record, due)| record.sequence == due));
        }
    }
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(*last.lock().unwrap(), [780; 8]);
}

/// Every file under `dir` and what it holds.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}
