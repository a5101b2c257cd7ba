//! The rules that every log keeps, as one suite: an adapter's tests call [`keeps_the_contract`] and, if it is durable,
//! [`keeps_all_when_reopened`], on a tokio runtime of several threads.
//!
//! Knows only the port. A rule is one function that takes a fresh log and fails by panicking, and one line in the suite.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "these are the bodies of tests")]
#![allow(clippy::unused_async, reason = "every rule is called in the same way")]

mod controlling;
mod rules;
mod sharing;

use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{any, prop};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::{
    AppendError, Appended, Batch, ClaimError, Entry, EventLog, Partition, RawRecord, ReadError,
    Reader, StreamSpec,
};
pub use controlling::{controls_keep_the_contract, keeps_what_was_decided};
use rules::Rules;
use sharing::one_process_alone_is_given_its_whole_share;

/// A fresh log, shared as the engine shares it.
pub type Log = Arc<dyn EventLog>;

/// How long a rule waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a rule looks for what must not come.
const GLANCE: Duration = Duration::from_millis(20);

/// Every rule of the contract, each on a fresh log; fails with the names of all that are broken.
pub async fn keeps_the_contract(make: impl Fn() -> Log) {
    let mut rules = Rules::on(make);
    rules.check(records_come_back_in_order_and_without_gaps).await;
    rules.check(an_older_writer_is_fenced_and_writes_nothing).await;
    rules.check(terms_grow_with_every_claim).await;
    rules.check(a_new_writer_continues_where_the_last_one_ended).await;
    rules.check(a_reader_beside_a_writer_sees_every_record_once).await;
    rules.check(reading_may_start_anywhere).await;
    rules.check(a_reader_beyond_the_tail_waits_for_its_record).await;
    rules.check(a_reader_that_was_dropped_while_waiting_loses_nothing).await;
    rules.check(partitions_are_independent).await;
    rules.check(streams_are_created_once_and_keep_their_partition_count).await;
    rules.check(an_unknown_partition_is_refused).await;
    rules.check(large_batches_are_kept_whole).await;
    rules.check(any_bytes_come_back_unchanged).await;
    rules.check(an_empty_batch_changes_nothing).await;
    rules.check(the_high_watermark_announces_every_append).await;
    rules.check(one_process_alone_is_given_its_whole_share).await;
    rules.are_kept();
}

/// Order, and `sequence` 1, 2, 3… over batches of every size.
async fn records_come_back_in_order_and_without_gaps(log: Log) {
    let partition = one_partition(&log);
    let mut writer = log.claim(&partition).unwrap();
    assert_eq!(writer.next_sequence(), 1);
    let mut first = 1;
    for size in 1..=20 {
        let appended = writer.append(batch(first, size)).unwrap();
        assert_eq!(appended, Appended { first, last: first + size - 1 });
        first += size;
        assert_eq!(writer.next_sequence(), first);
    }
    assert_sound(&read(&log, &partition, 1, 210).await, 1);
}

/// The fence.
async fn an_older_writer_is_fenced_and_writes_nothing(log: Log) {
    let partition = one_partition(&log);
    let mut older = log.claim(&partition).unwrap();
    older.append(batch(1, 2)).unwrap();
    let mut newer = log.claim(&partition).unwrap();
    let fenced = Err(AppendError::Fenced { partition: partition.clone() });
    assert_eq!(older.append(batch(100, 1)), fenced);
    assert_eq!(newer.append(batch(3, 1)).unwrap(), Appended { first: 3, last: 3 });
    assert_eq!(older.append(batch(100, 1)), fenced);
    assert_sound(&read(&log, &partition, 1, 3).await, 1);
    assert_nothing_comes(log.read(&partition, 4).unwrap()).await;
}

/// Terms.
async fn terms_grow_with_every_claim(log: Log) {
    let partition = one_partition(&log);
    let mut last = 0;
    for sequence in 1..=5 {
        let mut writer = log.claim(&partition).unwrap();
        assert!(writer.term() > last, "term {} after {last}", writer.term());
        last = writer.term();
        if sequence % 2 == 0 {
            writer.append(batch(sequence / 2, 1)).unwrap();
        }
    }
}

/// `next_sequence` of a claim.
async fn a_new_writer_continues_where_the_last_one_ended(log: Log) {
    let partition = one_partition(&log);
    for first in [1, 4, 7] {
        let mut writer = log.claim(&partition).unwrap();
        assert_eq!(writer.next_sequence(), first);
        writer.append(batch(first, 3)).unwrap();
    }
    assert_sound(&read(&log, &partition, 1, 9).await, 1);
}

/// Reading while appending: everything, in order, and nothing that is not acknowledged.
async fn a_reader_beside_a_writer_sees_every_record_once(log: Log) {
    const RECORDS: u64 = 2_000;
    let partition = one_partition(&log);
    let mut watermark = log.high_watermark(&partition).unwrap();
    let mut reader = log.read(&partition, 1).unwrap();
    let mut writer = log.claim(&partition).unwrap();
    let appending = thread::spawn(move || {
        let (mut first, mut size) = (1, 1);
        while first <= RECORDS {
            writer.append(batch(first, size)).unwrap();
            first += size;
            size = size % 40 + 1;
        }
    });
    let mut next = 1;
    while next <= RECORDS {
        let records = soon(reader.next()).await.unwrap().records;
        assert_sound(&records, next);
        next += records.len() as u64;
        assert_eq!(reader.position(), next);
        soon(watermark.wait_for(|last| *last >= next - 1)).await.unwrap();
    }
    appending.join().unwrap();
}

/// Seeking.
async fn reading_may_start_anywhere(log: Log) {
    let partition = one_partition(&log);
    let mut writer = log.claim(&partition).unwrap();
    for first in (1..=200).step_by(8) {
        writer.append(batch(first, 8)).unwrap();
    }
    for from in 1..=200 {
        let reader = log.read(&partition, from).unwrap();
        assert_eq!(reader.position(), from);
        assert_sound(&collect(reader, 200).await, from);
    }
    assert_sound(&read(&log, &partition, 0, 200).await, 1);
}

/// Following the tail.
async fn a_reader_beyond_the_tail_waits_for_its_record(log: Log) {
    let partition = one_partition(&log);
    let mut writer = log.claim(&partition).unwrap();
    let reader = log.read(&partition, 5).unwrap();
    writer.append(batch(1, 3)).unwrap();
    let waiting = tokio::spawn(async move { collect(reader, 6).await });
    writer.append(batch(4, 3)).unwrap();
    assert_sound(&soon(waiting).await.unwrap(), 5);
}

/// Cancel safety of `next`.
async fn a_reader_that_was_dropped_while_waiting_loses_nothing(log: Log) {
    let partition = one_partition(&log);
    let mut writer = log.claim(&partition).unwrap();
    let mut reader = log.read(&partition, 1).unwrap();
    for first in 1..=5 {
        let waited = tokio::time::timeout(GLANCE, reader.next()).await;
        assert!(waited.is_err(), "nothing is there yet");
        writer.append(batch(first, 1)).unwrap();
        let records = soon(reader.next()).await.unwrap().records;
        assert_sound(&records, first);
    }
}

/// Each partition has its own sequence, writer, term and tail.
async fn partitions_are_independent(log: Log) {
    log.ensure_streams(&[spec("one", 3), spec("two", 2)]).unwrap();
    let all = [("one", 0), ("one", 1), ("one", 2), ("two", 0), ("two", 1)];
    let all = all.map(|(stream, index)| Partition::new(stream, index));
    for (records, partition) in (1..).zip(&all) {
        assert_eq!(*log.high_watermark(partition).unwrap().borrow(), 0);
        let mut writer = log.claim(partition).unwrap();
        writer.append(batch(1, records)).unwrap();
    }
    for (records, partition) in (1..).zip(&all) {
        let read = read(&log, partition, 1, records).await;
        assert_eq!(read.len() as u64, records);
        assert_sound(&read, 1);
        assert_eq!(*log.high_watermark(partition).unwrap().borrow(), records);
    }
    let mut ownership = log.ownership();
    let owned = soon(ownership.wait_for(|owned| owned.len() == all.len())).await.unwrap();
    assert!(all.iter().all(|partition| owned.contains(partition)));
}

/// `ensure_streams`.
async fn streams_are_created_once_and_keep_their_partition_count(log: Log) {
    let (one, two) = (spec("one", 1), spec("two", 2));
    log.ensure_streams(std::slice::from_ref(&one)).unwrap();
    let partition = Partition::new("one", 0);
    log.claim(&partition).unwrap().append(batch(1, 1)).unwrap();
    log.ensure_streams(&[one.clone(), two.clone()]).unwrap();
    let refused = log.ensure_streams(&[spec("one", 4)]);
    assert!(matches!(refused, Err(ClaimError::Unavailable { .. })), "{refused:?}");
    assert_eq!(log.streams().unwrap(), [one, two]);
    assert_sound(&read(&log, &partition, 1, 1).await, 1);
}

/// Unknown streams, and indexes past the last partition.
async fn an_unknown_partition_is_refused(log: Log) {
    let known = one_partition(&log);
    for unknown in [Partition::new("nowhere", 0), Partition::new(&known.stream, 1)] {
        let claimed = log.claim(&unknown).err();
        assert_eq!(claimed, Some(ClaimError::UnknownPartition(unknown.clone())));
        let read = log.read(&unknown, 1).err();
        assert_eq!(read, Some(ReadError::UnknownPartition(unknown.clone())));
        let watermark = log.high_watermark(&unknown).err();
        assert_eq!(watermark, Some(ReadError::UnknownPartition(unknown)));
    }
}

/// Many records, and large ones, in one append.
async fn large_batches_are_kept_whole(log: Log) {
    let partition = one_partition(&log);
    let mut writer = log.claim(&partition).unwrap();
    writer.append(batch(1, 5_000)).unwrap();
    let mut large = Batch::default();
    let values: Vec<Vec<u8>> = (1..=3).map(|i| vec![i; 700_000]).collect();
    large.push_command(values.iter().map(|value| Entry { value: value.clone(), ..entry(0) }));
    writer.append(large).unwrap();
    writer.append(batch(5_004, 1)).unwrap();
    let records = read(&log, &partition, 1, 5_004).await;
    assert_sound(&records[..5_000], 1);
    let read: Vec<&[u8]> = records[5_000..5_003].iter().map(|r| r.value.as_ref()).collect();
    assert!(read == values, "a large value came back altered");
    assert_sound(&records[5_003..], 5_004);
}

/// Keys, types and traces of any text, values of any bytes; a missing trace comes back empty.
async fn any_bytes_come_back_unchanged(log: Log) {
    let partition = one_partition(&log);
    let mut writer = log.claim(&partition).unwrap();
    let text = || ".{0,20}".prop_map(|text: String| Arc::<str>::from(text));
    let entry = (text(), text(), prop::option::of(text()), vec(any::<u8>(), 0..2_000)).prop_map(
        |(key, event_type, traceparent, value)| Entry { key, event_type, traceparent, value },
    );
    let commands = vec(vec(entry, 1..6), 1..6);
    let mut runner = TestRunner::deterministic();
    let mut written = Vec::new();
    for _ in 0..64 {
        let mut batch = Batch::default();
        for command in commands.new_tree(&mut runner).unwrap().current() {
            batch.push_command(command);
        }
        written.extend_from_slice(batch.entries());
        writer.append(batch).unwrap();
    }
    let records = read(&log, &partition, 1, written.len() as u64).await;
    for (sequence, (record, entry)) in (1..).zip(records.iter().zip(&written)) {
        assert_same(record, sequence, entry);
    }
    assert_eq!(records.len(), written.len());
}

/// Nothing to append is no reason to fail, nor to write.
async fn an_empty_batch_changes_nothing(log: Log) {
    let partition = one_partition(&log);
    let mut writer = log.claim(&partition).unwrap();
    writer.append(Batch::default()).unwrap();
    assert_eq!(writer.next_sequence(), 1);
    writer.append(batch(1, 1)).unwrap();
    writer.append(Batch::default()).unwrap();
    writer.append(batch(2, 1)).unwrap();
    assert_sound(&read(&log, &partition, 1, 2).await, 1);
}

/// `high_watermark`.
async fn the_high_watermark_announces_every_append(log: Log) {
    let partition = one_partition(&log);
    let mut watermark = log.high_watermark(&partition).unwrap();
    assert_eq!(*watermark.borrow_and_update(), 0);
    let mut writer = log.claim(&partition).unwrap();
    for (first, size) in [(1, 3), (4, 1), (5, 2)] {
        let last = writer.append(batch(first, size)).unwrap().last;
        let announced = *soon(watermark.wait_for(|seen| *seen >= last)).await.unwrap();
        assert_eq!(announced, last);
    }
}

/// For durable logs: `reopen` closes the log it is given and opens it again.
pub async fn keeps_all_when_reopened(mut log: Log, reopen: impl Fn(Log) -> Log) {
    let streams = [spec("one", 2), spec("two", 1)];
    log.ensure_streams(&streams).unwrap();
    let all = [Partition::new("one", 0), Partition::new("one", 1), Partition::new("two", 0)];
    let mut last_term = 0;
    for opened in 0..4 {
        assert_eq!(log.streams().unwrap(), streams);
        let refused = log.ensure_streams(&[spec("one", 3)]);
        assert!(refused.is_err(), "the partition count is remembered");
        let mut terms = 0;
        for partition in &all {
            assert_eq!(*log.high_watermark(partition).unwrap().borrow(), opened * 7);
            assert_sound(&read(&log, partition, 1, opened * 7).await, 1);
            let mut writer = log.claim(partition).unwrap();
            assert!(writer.term() > last_term, "term {} after {last_term}", writer.term());
            terms = terms.max(writer.term());
            assert_eq!(writer.next_sequence(), opened * 7 + 1);
            writer.append(batch(opened * 7 + 1, 5)).unwrap();
            writer.append(batch(opened * 7 + 6, 2)).unwrap();
        }
        last_term = terms;
        log = reopen(log);
    }
}

/// The stream `orders` with one partition.
fn one_partition(log: &Log) -> Partition {
    log.ensure_streams(&[spec("orders", 1)]).unwrap();
    Partition::new("orders", 0)
}

fn spec(name: &str, partitions: u32) -> StreamSpec {
    StreamSpec { name: name.into(), partitions }
}

/// The entry that [`assert_sound`] expects at `sequence`.
fn entry(sequence: u64) -> Entry {
    let trace = format!("00-{sequence:032x}-{sequence:016x}-01");
    Entry {
        key: format!("order-{}", sequence % 17).into(),
        event_type: "ecommerce.order.placed.v1".into(),
        traceparent: (!sequence.is_multiple_of(3)).then(|| trace.into()),
        value: format!("event {sequence}").repeat((sequence % 30) as usize).into_bytes(),
    }
}

/// The entries of sequences `first..first + size`, one command each.
fn batch(first: u64, size: u64) -> Batch {
    let mut batch = Batch::default();
    for sequence in first..first + size {
        batch.push_command([entry(sequence)]);
    }
    batch
}

/// Exactly what [`batch`] wrote, from `first` on.
fn assert_sound(records: &[RawRecord], first: u64) {
    for (sequence, record) in (first..).zip(records) {
        assert_same(record, sequence, &entry(sequence));
    }
}

fn assert_same(record: &RawRecord, sequence: u64, entry: &Entry) {
    assert_eq!(record.sequence, sequence);
    assert_eq!(record.key, entry.key.as_bytes());
    assert_eq!(record.event_type, entry.event_type.as_bytes());
    assert_eq!(record.traceparent, entry.traceparent.as_deref().unwrap_or_default().as_bytes());
    assert!(record.value == entry.value, "the value of {sequence} came back altered");
}

async fn read(log: &Log, partition: &Partition, from: u64, to: u64) -> Vec<RawRecord> {
    collect(log.read(partition, from).unwrap(), to).await
}

/// Everything from the reader's position to `to`, and that nothing else came.
async fn collect(mut reader: Box<dyn Reader>, to: u64) -> Vec<RawRecord> {
    let mut records = Vec::new();
    while reader.position() <= to {
        let batch = soon(reader.next()).await.unwrap();
        assert!(!batch.records.is_empty(), "a batch is never empty");
        records.extend(batch.records);
    }
    assert_eq!(reader.position(), to + 1);
    records
}

async fn assert_nothing_comes(mut reader: Box<dyn Reader>) {
    let read = tokio::time::timeout(GLANCE, reader.next()).await;
    assert!(read.is_err(), "{read:?} was never acknowledged");
}

async fn soon<F: Future>(awaited: F) -> F::Output {
    tokio::time::timeout(PATIENCE, awaited).await.unwrap()
}
