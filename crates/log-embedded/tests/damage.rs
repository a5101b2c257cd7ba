//! What a crash may leave behind is cut and reported; what a disk may do to a record is refused, and never served.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chimera_log::{Batch, Entry, EventLog, Partition, RawRecord, ReadError, StreamSpec};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions, OpenError, TornTail};
use tempfile::TempDir;

const OPTIONS: EmbeddedLogOptions =
    EmbeddedLogOptions { segment_bytes: 4096, chunk_bytes: 512, max_bytes: None };
/// Where the head of a segment ends and its first frame begins.
const HEAD: usize = 32;

fn partition() -> Partition {
    Partition::new("orders", 0)
}

fn entry(sequence: u64) -> Entry {
    Entry {
        key: format!("o-{sequence}").into(),
        event_type: "placed".into(),
        traceparent: sequence.is_multiple_of(2).then(|| "00-1-2-01".into()),
        value: format!("the event of {sequence} ").repeat(3).into_bytes(),
    }
}

fn batch(first: u64, records: u64) -> Batch {
    let mut batch = Batch::default();
    batch.push_command((first..first + records).map(entry));
    batch
}

/// A closed log of frames with so many records each.
struct Written {
    dir: TempDir,
    /// Where each frame ends in the last segment.
    ends: Vec<usize>,
    last: u64,
}

impl Written {
    fn of(frames: &[u64]) -> Self {
        let dir = TempDir::new().unwrap();
        let log = EmbeddedLog::open(dir.path(), OPTIONS).unwrap();
        log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 1 }]).unwrap();
        let mut writer = log.claim(&partition()).unwrap();
        let mut ends = vec![HEAD];
        for &records in frames {
            writer.append(batch(writer.next_sequence(), records)).unwrap();
            ends.push(usize::try_from(log.sizes()[0].bytes).unwrap());
        }
        let last = writer.next_sequence() - 1;
        Self { dir, ends, last }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("orders/0/00000000000000000001.seg")
    }

    fn open(&self) -> Result<EmbeddedLog, OpenError> {
        EmbeddedLog::open(self.dir.path(), OPTIONS)
    }
}

/// Replaces what a file holds, in place: a file that is truncated first is flushed by some file systems.
fn put(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(bytes.as_ref(), 0).unwrap();
    file.set_len(bytes.as_ref().len() as u64).unwrap();
}

/// Everything up to the high watermark.
async fn read(log: &EmbeddedLog) -> Result<Vec<RawRecord>, ReadError> {
    let last = *log.high_watermark(&partition())?.borrow();
    let mut reader = log.read(&partition(), 1)?;
    let mut records = Vec::new();
    while reader.position() <= last {
        records.extend(reader.next().await?.records);
    }
    Ok(records)
}

fn assert_sound(records: &[RawRecord], last: u64) {
    assert_eq!(records.len() as u64, last);
    for (record, sequence) in records.iter().zip(1..) {
        let entry = entry(sequence);
        assert_eq!(record.sequence, sequence);
        assert_eq!(record.key, entry.key.as_bytes());
        assert_eq!(record.event_type, entry.event_type.as_bytes());
        assert_eq!(record.traceparent, entry.traceparent.as_deref().unwrap_or("").as_bytes());
        assert_eq!(record.value, entry.value);
    }
}

/// Opens what a torn last frame of 1 record has left, and goes on as if it had never been begun.
async fn assert_recovers(written: &Written, torn: Option<(usize, usize)>) {
    let kept = written.last - 1;
    let found = fs::read(written.file()).unwrap();
    assert_eq!(EmbeddedLog::is_whole(written.dir.path()).unwrap(), torn.is_none());
    assert!(found == fs::read(written.file()).unwrap(), "a look changes nothing");
    let log = written.open().unwrap();
    let report = torn.map(|(offset, bytes)| TornTail {
        partition: partition(),
        file: written.file(),
        offset: offset as u64,
        bytes: bytes as u64,
        last_sequence: kept,
    });
    assert_eq!(log.torn_tails(), report.as_slice());
    assert_sound(&read(&log).await.unwrap(), kept);
    let mut writer = log.claim(&partition()).unwrap();
    assert_eq!(writer.next_sequence(), kept + 1);
    writer.append(batch(kept + 1, 2)).unwrap();
    drop((log, writer));
    let log = written.open().unwrap();
    assert_eq!(log.torn_tails(), [], "what was cut stays cut");
    assert_sound(&read(&log).await.unwrap(), kept + 2);
}

#[test]
fn a_directory_without_a_log_is_looked_at_and_left_alone() {
    let dir = TempDir::new().unwrap();
    assert!(!EmbeddedLog::is_whole(dir.path()).unwrap());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_tail_torn_by_a_cut_write_is_cut_and_reported_wherever_the_write_ended() {
    let written = Written::of(&[1, 2, 1]);
    let sound = fs::read(written.file()).unwrap();
    let (start, end) = (written.ends[2], written.ends[3]);
    for cut in start..end {
        put(written.file(), &sound[..cut]);
        let used = sound[..cut].iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let torn = (cut > start).then(|| (start, used - start));
        assert_recovers(&written, torn).await;
    }
}

#[tokio::test]
async fn a_tail_left_as_zeros_is_cut_and_reported_wherever_the_zeros_begin() {
    let written = Written::of(&[1, 2, 1]);
    let sound = fs::read(written.file()).unwrap();
    let (start, end) = (written.ends[2], written.ends[3]);
    for cut in start..end {
        let mut zeroed = sound.clone();
        zeroed[cut..].fill(0);
        put(written.file(), &zeroed);
        let used = zeroed.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let torn = (cut > start).then(|| (start, used - start));
        assert_recovers(&written, torn).await;
    }
}

#[tokio::test]
async fn a_last_frame_with_any_of_its_sectors_unwritten_is_cut_and_reported() {
    let written = Written::of(&[6, 20]);
    let mut sound = fs::read(written.file()).unwrap();
    sound.resize(4096, 0);
    let start = written.ends[1];
    assert!(written.ends[2] - start > 3 * 512, "the frame must fill sectors");
    for sector in start / 512..=written.ends[2] / 512 {
        let mut zeroed = sound.clone();
        zeroed[start.max(sector * 512)..(sector + 1) * 512].fill(0);
        put(written.file(), &zeroed);
        let log = written.open().unwrap();
        assert_eq!(log.torn_tails()[0].offset, start as u64);
        assert_sound(&read(&log).await.unwrap(), 6);
    }
}

#[tokio::test]
async fn no_flipped_bit_is_served_or_costs_a_record() {
    let written = Written::of(&[1, 2, 4, 1]);
    let sound = fs::read(written.file()).unwrap();
    let end = written.ends[4];
    for bit in 0..end * 8 {
        let mut altered = sound.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        put(written.file(), &altered);
        let refused = written.open().err();
        let Some(OpenError::Corrupt { partition: named, sequence, file, offset, .. }) = refused
        else {
            unreachable!("bit {bit} of byte {}: {refused:?}", bit / 8)
        };
        assert_eq!((named, file), (partition(), written.file()));
        assert!((1..=8).contains(&sequence) && offset <= (bit / 8) as u64);
        assert!(fs::read(written.file()).unwrap() == altered, "what is refused is left alone");
    }
    for bit in end * 8..sound.len() * 8 {
        let mut altered = sound.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        put(written.file(), &altered);
        if let Ok(log) = written.open() {
            assert_eq!(log.torn_tails().len(), 1);
            assert_sound(&read(&log).await.unwrap(), 8);
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_in_an_older_segment_or_under_an_open_log_is_met_by_its_reader() {
    let written = Written::of(&[16, 16, 10, 6]);
    let first = written.file();
    assert!(fs::read_dir(first.parent().unwrap()).unwrap().count() > 1, "there are older segments");
    let sound = fs::read(&first).unwrap();
    let log = written.open().unwrap();
    assert_sound(&read(&log).await.unwrap(), 48);
    for bit in (0..sound.len() * 8).step_by(7) {
        let mut altered = sound.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        put(&first, &altered);
        match read(&log).await {
            Err(ReadError::Corrupt { sequence, place, .. }) => {
                assert!((1..=48).contains(&sequence) && place.contains("0001.seg, byte"));
            }
            other => unreachable!("bit {bit} was served: {other:?}"),
        }
    }
    put(&first, &sound);
    assert_sound(&read(&log).await.unwrap(), 48);
}

#[tokio::test]
async fn a_reader_that_met_damage_stays_and_goes_on_when_the_file_is_restored() {
    let written = Written::of(&[16, 16, 10, 6]);
    let sound = fs::read(written.file()).unwrap();
    let log = written.open().unwrap();
    for from in 1..=48 {
        for cut in (HEAD..sound.len()).step_by(97) {
            put(written.file(), &sound[..cut]);
            let mut reader = log.read(&partition(), from).unwrap();
            let mut read = from - 1;
            let failed = loop {
                match tokio::time::timeout(Duration::from_secs(10), reader.next()).await.unwrap() {
                    Ok(batch) => read += batch.records.len() as u64,
                    Err(error) => break Some(error),
                }
                if read == 48 {
                    break None;
                }
            };
            assert_eq!(reader.position(), read + 1);
            put(written.file(), &sound);
            if failed.is_some() {
                assert_eq!(reader.next().await.unwrap().records[0].sequence, read + 1);
            }
        }
    }
}

#[test]
fn bytes_that_no_append_has_left_are_refused() {
    let written = Written::of(&[1, 2, 3]);
    let sound = fs::read(written.file()).unwrap();
    let end = written.ends[3];
    let refuse = |what: &str, at: usize, bytes: &[u8]| {
        let mut altered = sound[..end].to_vec();
        altered.resize(sound.len().max(at + bytes.len()), 0);
        altered[at..at + bytes.len()].copy_from_slice(bytes);
        put(written.file(), &altered);
        assert!(matches!(written.open().err(), Some(OpenError::Corrupt { .. })), "{what}");
    };
    refuse("garbage behind the end", end, b"garbage");
    refuse("the last frame once more", end, &sound[written.ends[2]..end]);
    refuse("zeros in an older frame", written.ends[1] + 50, &[0; 20]);
    refuse("an older frame as zeros", written.ends[1], &vec![0; written.ends[2] - written.ends[1]]);
    refuse("another format", 0, b"CHMRLOG2");
}

#[test]
fn a_segment_of_another_partition_is_refused() {
    let written = Written::of(&[3]);
    let other = |name: &str| written.dir.path().join(name).join("0/00000000000000000001.seg");
    let log = written.open().unwrap();
    log.ensure_streams(&[StreamSpec { name: "stock".into(), partitions: 1 }]).unwrap();
    drop(log);
    fs::copy(other("orders"), other("stock")).unwrap();
    let refused = written.open().err().unwrap().to_string();
    assert!(refused.contains("another partition"), "{refused}");
}
